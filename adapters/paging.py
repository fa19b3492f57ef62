"""Which page comes after the one just seen, and when there is none. Pure.

Offsets count the records received, not those asked for: a server may serve fewer than it was asked, and more follow.
A `next` link is believed that there is more; its address is never asked. One that points to another host is refused,
unless the source is known to stand behind a proxy and to name its inner host. Its offset counts where the link points
below our own base URL and back into what was just received: such a server counts other rows than it sends, and the
computed offset would jump over some. One that points further is left alone: a server that clamps may step by the limit
it was asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from adapters.dialect import Capabilities
from adapters.errors import PagingBroken, Redirected

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r"""(?:^|[;\s])rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSeen:
    """A page as paging looks at it.

    received: records, the unreadable ones too. limit: as sent; None for none. total: of the whole collection, where
    said. link_seen: a Link header came. next_link: where it says that the next page is. new: sourcedIds that no page
    before had. revision: of everything that the source shares, where said.
    """

    received: int
    limit: int | None
    offset: int
    total: int | None = None
    link_seen: bool = False
    next_link: str | None = None
    new: int
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Records to ask for. limit: None for the limit of the first page. overlap: how many of them should come again."""

    offset: int
    limit: int | None = None
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class Came:
    """A page as it came. ids: of its readable records, in their order. last: of its last record, None if that has none.
    odd: ids of those that could not be read; nameless: how many of these had none. filtered: it was asked for with a
    filter. unchanged: it was not sent, being as it was when the list was last read.
    """

    seen: PageSeen
    ids: tuple[str, ...]
    last: str | None
    odd: tuple[str, ...] = ()
    nameless: int = 0
    filtered: bool = False
    unchanged: bool = False

    @property
    def end(self) -> int:
        return self.seen.offset + self.seen.received

    def has(self, sourced_id: str) -> bool:
        return sourced_id in self.ids or sourced_id in self.odd

    def shares(self, other: Came) -> bool:
        """Whether a record is on both."""
        return not {*self.ids, *self.odd}.isdisjoint((*other.ids, *other.odd))


def next_offset(page: PageSeen, capabilities: Capabilities, *, base: str = "", source: str = "") -> int | None:
    """The offset after `page`, in records; None at the end.

    In this order: an empty page is the end; a known total decides, whatever a link says; then a Link header without
    `next` is the end; then a page shorter than its limit, if the source is known to end so.

    Raises:
        Redirected: the link points to another host, and that is not `foreign_links` of a proxy.
        PagingBroken: the page brought nothing new; the server repeats itself.
    """
    link = page.next_link
    if link is not None and base and not capabilities.foreign_links and _leads_elsewhere(base, link):
        raise Redirected(source, "its link to the next page points to another address; nothing was sent there")
    if page.received == 0:
        return None
    if page.new == 0:
        raise PagingBroken(source, "a page without any new sourcedId: the server repeats itself")
    after = page.offset + page.received
    if page.limit is None and capabilities.all_without_limit:
        return None
    if page.total is not None:
        if after >= page.total:
            return None
    elif page.link_seen:
        if page.next_link is None:
            return None
    elif capabilities.short_page_ends and page.limit is not None and page.received < page.limit:
        return None
    if link is None or (f"offset={after}" in link and link.count("offset") == 1):
        return after  # as most links say, which need no closer look
    linked = linked_offset(base, link)
    return linked if linked is not None and page.offset < linked < after else after


def linked_offset(base: str, link: str | None) -> int | None:
    """The offset that a next link carries, if it points below `base`: same scheme, host, port and path."""
    if link is None or not base:
        return None
    try:
        ours, theirs = urlsplit(base), urlsplit(link)
        same = theirs.netloc == "" or _origin(theirs) == _origin(ours)
        if not same or not theirs.path.startswith(f"{ours.path}/"):
            return None
        offset = dict(parse_qsl(theirs.query)).get("offset", "")
    except ValueError:
        return None
    return int(offset) if re.fullmatch(r"[0-9]{1,15}", offset) else None


def _leads_elsewhere(base: str, link: str) -> bool:
    """Whether a link points to another scheme, host or port, or carries credentials; a relative one does not."""
    if link.startswith(base):
        return False
    try:
        ours, theirs = urlsplit(base), urlsplit(urljoin(base, link))
        return _origin(theirs) != _origin(ours) or "@" in theirs.netloc
    except ValueError:
        return True


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, address.hostname, port


def links(header: str) -> dict[str, str]:
    """Addresses by relation, the first of each, from a Link header (RFC 8288), loosely: any quotes, line breaks, no
    commas needed."""
    found: dict[str, str] = {}
    for address, parameters in _LINK.findall(header):
        if rel := _REL.search(parameters):
            for name in (rel[1] or rel[2] or rel[3] or "").lower().split():
                found.setdefault(name, "".join(address.split()))
    return found


def count(text: str | None) -> int | None:
    """A total as a header says it; None where it is no number."""
    return int(text) if text is not None and re.fullmatch(r"\s*[0-9]{1,15}\s*", text) else None
