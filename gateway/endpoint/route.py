"""`/graphql`: a request becomes an operation, its answer a response."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.schema.exceptions import InvalidOperationTypeError

from gateway.access.callers import NOBODY, Caller, Callers, Unauthenticated
from gateway.access.grant import Grant
from gateway.access.rates import TooOften
from gateway.access.scope import Scope
from gateway.audit.entries import Outcome
from gateway.config import GetPolicy
from gateway.documents import Documents, Found, Reason, Refused
from gateway.endpoint import asgi
from gateway.endpoint.agreeing import agreed, of_refusals
from gateway.endpoint.asgi import App, Headers, Receive, Response, Send, headers_of, text_of
from gateway.endpoint.attention import ClientGone, attended
from gateway.endpoint.auditing import Auditing
from gateway.endpoint.parameters import Parameters, from_address, from_body
from gateway.endpoint.receiving import body_of, check_content_type, query_of
from gateway.endpoint.refusal import Refusal
from gateway.endpoint.refusals import Refusals
from gateway.endpoint.request_ids import request_id, told
from gateway.endpoint.responding import answered, revalidated
from gateway.execution.answering import QUERIES, READS_AND_WRITES, Asked, respond
from gateway.faults import ErrorCode, answering
from gateway.limits import DocumentLimits, nested, objects_in
from gateway.roster.reading import Reading
from gateway.schema import Schema
from gateway.schema.context import Context
from gateway.web.negotiation import GRAPHQL_RESPONSE, prefers_html

log = logging.getLogger(__name__)

EXPLAIN = "x-gateway-explain"
"""Header with which a client asks to be shown, at `1`, what its operation took."""

_EXPLAIN = EXPLAIN.encode()

_ELSEWHERE = (b"cross-site", b"same-site")
"""What browsers say of requests that a page of another origin sent (Fetch Metadata)."""

_CALLER = "gateway.caller"
"""Where the scope of a request has who asks, once that is known."""

_MUTATION = "mutation"
"""A document without this word has none."""


@dataclass(frozen=True, slots=True)
class GraphQLRoute:
    """An ASGI application. reading: what one operation reads with, under a grant, explained or not. page: what browsers
    are shown, if they are shown anything. callers: who may ask; None: anybody, for everything. audit: how
    operations are recorded; None: they are not.

    documents: those that are answered. get: what may be asked with GET. limits: those of `schema`. origins: of
    pages elsewhere that may ask. refusals: where requests are told of that are not answered.
    """

    schema: Schema
    reading: Callable[[Grant, bool], Reading]
    page: App | None
    documents: Documents
    get: GetPolicy = GetPolicy.OFF
    limits: DocumentLimits = field(default_factory=DocumentLimits)
    callers: Callers | None = None
    origins: Collection[str] = ()
    audit: Auditing | None = None
    refusals: Refusals = field(default_factory=Refusals)

    async def __call__(self, scope: asgi.Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        method = scope["method"]
        if self.page is not None and method in ("GET", "HEAD") and prefers_html(text_of(headers, b"accept")):
            await self.page(scope, receive, send)
            return
        request = request_id(headers)
        answering.set(request)
        try:
            response = await self._respond(method, headers, request, scope, receive)
        except Refusal as refusal:
            self.refusals.tell(refusal.status, (refusal.code,), request, scope.get(_CALLER, NOBODY))
            response = refusal.response(of_refusals(headers))
        except ClientGone:
            return
        except Exception as error:  # its words may hold a person's data
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("request %s could not be answered: %s\n%s", request, type(error).__name__, where)
            response = Refusal(500, "internal error", code=ErrorCode.INTERNAL).response(of_refusals(headers))
        await response.send(send, told(request), with_body=method != "HEAD")

    async def _respond(
        self, method: str, headers: Headers, request: str, scope: asgi.Scope, receive: Receive
    ) -> Response:
        """The checks, in the order in which they are made; then the answer."""
        posted = method == "POST"
        if not posted:
            self._check_method(method)
            self._check_origin(headers)
        kind, accepted = agreed(headers.get(b"accept"), headers.get(b"accept-encoding"))
        caller = NOBODY if self.callers is None else await self._caller(self.callers, headers)
        scope[_CALLER] = caller
        explain = headers.get(_EXPLAIN) == b"1"
        if explain and not caller.grant.allows(Scope.EXPLAIN):
            raise Refusal(403, f"{EXPLAIN} is for keys that allow `explain`", code=ErrorCode.FORBIDDEN_SCOPE)
        if posted:
            check_content_type(headers)
            parameters = from_body(await body_of(headers, receive))
        else:
            parameters = from_address(query_of(scope))
        if parameters.variables:
            self._check_variables(parameters.variables)
        document = self._document(parameters, posted, kind)
        asked = Asked(document.text, parameters.variables, parameters.operation_name)
        reading = self.reading(caller.grant, explain)
        noted = None if self.audit is None else await self.audit.begin(asked, caller, headers, request)
        context = Context(reading, shown=None if noted is None else noted.shown, points=caller.points)
        work = respond(self.schema, asked, context, READS_AND_WRITES if posted else QUERIES)
        try:  # what may write is carried out to its end
            answer = await (work if _MUTATION in asked.query else attended(work, receive))
        except InvalidOperationTypeError as error:
            raise _of_wrong_kind(error.operation_type.value, posted) from None
        except TooOften as error:
            raise _of_one_too_many(error) from None
        except Exception as error:
            if noted is not None:
                await noted.unanswered(Outcome.LEFT if isinstance(error, ClientGone) else Outcome.FAILED, reading)
            raise
        if noted is not None:
            await noted.answered(answer, reading)
        if not answer.executed:
            status = _unexecuted(kind)
            self.refusals.tell(status, answer.codes, request, caller)
            return await answered(answer.body, status, kind, accepted)
        if document.trusted and not posted:
            return await revalidated(answer.body, kind, accepted, headers.get(b"if-none-match", b""))
        return await answered(answer.body, 200, kind, accepted)

    def _check_method(self, method: str) -> None:
        """Whether it may be asked with anything but POST."""
        if method in ("GET", "HEAD") and self.get is not GetPolicy.OFF:
            return
        if self.get is not GetPolicy.OFF:
            raise Refusal(405, "ask with POST and a JSON body, or with GET", headers=[(b"allow", b"GET, HEAD, POST")])
        message = "ask with POST and a JSON body" + ("; a browser gets GraphiQL" if self.page is not None else "")
        raise Refusal(405, message, headers=[(b"allow", b"POST")])

    def _check_origin(self, headers: Headers) -> None:
        """A page elsewhere may have a browser send a GET unasked, though it is not shown the answer."""
        if headers.get(b"sec-fetch-site") in _ELSEWHERE and text_of(headers, b"origin") not in self.origins:
            raise Refusal(403, "pages of other origins may ask if `cors_origins` names them")

    def _check_variables(self, variables: Mapping[str, Any]) -> None:
        limits = self.limits
        if nested(variables, limits.nesting):
            raise Refusal(400, f"`variables` are nested deeper than {limits.nesting} levels")
        if (count := objects_in(variables) - 1) > limits.objects:
            raise Refusal(400, f"`variables` have {count:,} objects; {limits.objects:,} are the most")

    async def _caller(self, callers: Callers, headers: Headers) -> Caller:
        try:
            return await callers.caller(text_of(headers, b"authorization") or "")
        except Unauthenticated as error:
            ask = (b"www-authenticate", b"Bearer")
            raise Refusal(401, str(error), code=ErrorCode.UNAUTHENTICATED, headers=[ask]) from None
        except TooOften as error:
            raise _of_one_too_many(error) from None

    def _document(self, parameters: Parameters, posted: bool, kind: str) -> Found:
        try:
            found = self.documents.document(parameters.query, parameters.extensions, parameters.document_id)
        except Refused as refused:
            status = 400 if refused.reason is Reason.MALFORMED else _unexecuted(kind)
            raise Refusal(status, refused.message, code=ErrorCode(refused.reason)) from None
        if not posted and self.get is GetPolicy.TRUSTED and not found.trusted:
            if parameters.query is None:  # then clients send the text, with POST
                code = ErrorCode.PERSISTED_QUERY_NOT_FOUND
                raise Refusal(_unexecuted(kind), "PersistedQueryNotFound", code=code)
            raise Refusal(405, "GET is for trusted documents: ask with POST", headers=[(b"allow", b"POST")])
        return found


def _unexecuted(kind: str) -> int:
    """The status of an operation that was well asked and is not executed.

    Clients take `application/json` for the graph's own at 200 alone: it may be the word of anybody on the way.
    """
    return 400 if kind == GRAPHQL_RESPONSE else 200


def _of_one_too_many(error: TooOften) -> Refusal:
    later = max(1, math.ceil(error.wait))
    headers = [(b"retry-after", str(later).encode())]
    return Refusal(429, str(error), code=ErrorCode.RATE_LIMITED, headers=headers, retry_after=later)


def _of_wrong_kind(kind: str, posted: bool) -> Refusal:
    if posted:
        return Refusal(400, f"no {kind} is taken: ask with a query or a mutation")
    return Refusal(405, f"a {kind} is asked with POST: GET is for queries", headers=[(b"allow", b"POST")])
