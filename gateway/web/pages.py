"""GraphiQL and the front page, and when a browser is asking for them. Loads nothing from elsewhere.

All addresses in the pages are relative: they hold behind any path prefix that ends in a slash.
"""

import secrets
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.web import assets, cookbook
from gateway.web.negotiation import prefers_html

HERE = Path(__file__).parent
GRAPHIQL = Template((HERE / "graphiql.html").read_text("utf-8"))
FRONT = Template((HERE / "front.html").read_text("utf-8"))
SAYS = "One GraphQL API over many OneRoster 1.1 and 1.2 sources"


def accepts_html(request: Request) -> bool:
    """Whether the page is for this client, rather than JSON."""
    return prefers_html(request.headers.get("accept"))


def graphiql(request: Request, note: str | None = None, keys: Mapping[str, str] | None = None) -> Response:
    """GraphiQL for the API at the request's own address. note: what its user is to know first.

    keys: those that its user may choose from, by what is seen with each; at first it is the first.
    """
    nonce = secrets.token_urlsafe(16)
    page = GRAPHIQL.substitute(
        icon=_url("icon.svg"),
        graphiql_css=_url("graphiql.min.css"),
        pages_css=_url("pages.css"),
        react=_url("react.production.min.js"),
        react_dom=_url("react-dom.production.min.js"),
        graphiql_js=_url("graphiql.min.js"),
        start=_url("start.js"),
        examples=_url("examples.json"),
        endpoint=escape(request.url.path.rpartition("/")[2]),
        nonce=nonce,
        note=f'<p class="note" role="note">{escape(note)}{_choice(keys)}</p>\n' if note else "",
    )
    return _html(page, style_nonce=nonce)


def front(request: Request, sources: Sequence[str] | None, *, shown: bool = True) -> Response:
    """What this is and where to go, for people and for programs. sources: names of those it reads, if all may know.
    shown: whether people are shown a page.
    """
    if not shown or not accepts_html(request):
        about = {"name": "oneroster-gateway", "about": SAYS, "graphql": "graphql", "ready": "readyz"}
        known = {} if sources is None else {"sources": list(sources)}
        return JSONResponse({**about, **known}, headers={"Vary": "Accept"})
    names = "".join(f"<li>{escape(name)}</li>" for name in sources or ())
    none = (
        "None is configured yet."
        if sources is not None
        else "Those that your key reaches: ask for <code>sources</code>."
    )
    page = FRONT.substitute(
        icon=_url("icon.svg"),
        pages_css=_url("pages.css"),
        licences=_url("LICENSES.txt"),
        says=SAYS,
        sources=f"<ul>{names}</ul>" if names else f"<p>{none}</p>",
        query=escape(cookbook.load()[0].query),
    )
    return _html(page)


def _choice(keys: Mapping[str, str] | None) -> str:
    if not keys:
        return ""
    options = "".join(f'<option value="{escape(key)}">{escape(seen)}</option>' for seen, key in keys.items())
    return f' <label>Ask with <select id="key" autocomplete="off">{options}</select></label>'


def routes() -> list[BaseRoute]:
    """The static files: `/assets/{name}`."""
    return [Route("/assets/{name}", assets.serve, methods=["GET"])]


def _url(name: str) -> str:
    return assets.all_assets()[name].url


def _html(page: str, style_nonce: str | None = None) -> HTMLResponse:
    """A page that may load from the gateway alone.

    GraphiQL's fonts and cursors are data: addresses in its style sheet, and its dialogs add one <style> element,
    which the nonce admits; nothing needs 'unsafe-inline'.
    """
    styles = f"'self' 'nonce-{style_nonce}'" if style_nonce else "'self'"
    policy = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; "
        f"style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    return HTMLResponse(page, headers=headers)
