"""GraphiQL driven in Chromium, with every address but the gateway's own blocked."""

import json
import urllib.request
from contextlib import suppress
from typing import Any, Protocol

import pytest
from playwright.sync_api import Error, Locator, Page, expect

from gateway.web import cookbook

pytestmark = pytest.mark.browser

QUERY = "query Typed { sources { nodes { key name } } }"
EXAMPLES = cookbook.load()


class Visit(Protocol):
    page: Page
    base_url: str
    foreign: list[str]
    complaints: list[str]


def answer_of(base_url: str, query: str) -> Any:
    request = urllib.request.Request(
        f"{base_url}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["data"]


def text_of(editor: Locator) -> str:
    """All of it: the editor draws only the lines in view."""
    return str(editor.locator(".CodeMirror:visible").evaluate("element => element.CodeMirror.getValue()"))


def expect_text(editor: Locator, text: str) -> None:
    shown = editor.locator(".CodeMirror:visible").element_handle()
    with suppress(Error):  # what is there instead is told below
        editor.page.wait_for_function("([shown, text]) => shown.CodeMirror.getValue() === text", arg=[shown, text])
    assert text_of(editor) == text


def open_graphiql(visit: Visit) -> Locator:
    """Returns the query editor, once GraphiQL knows the schema."""
    with visit.page.expect_response(lambda response: response.request.method == "POST"):
        visit.page.goto(f"{visit.base_url}/graphql")
    editor = visit.page.get_by_role("region", name="Query Editor")
    expect(editor.locator(".CodeMirror")).to_be_visible()
    return editor


def write(visit: Visit, editor: Locator, text: str) -> None:
    """Types over what is there."""
    editor.locator(".CodeMirror:visible").click()
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.type(text)


def write_query(visit: Visit, editor: Locator) -> None:
    """GraphiQL takes up the name of the operation, and shows it on the tab, a moment after the last key."""
    write(visit, editor, QUERY)
    expect(visit.page.get_by_role("tab", selected=True)).to_have_text("Typed")


def open_example(visit: Visit, title: str) -> None:
    examples = visit.page.get_by_role("region", name="Examples")
    examples.get_by_role("button").filter(has=visit.page.get_by_text(title, exact=True)).click()


def expect_answer(visit: Visit, query: str) -> None:
    expected = answer_of(visit.base_url, query)
    assert expected["sources"]["nodes"]
    result = visit.page.get_by_role("region", name="Result Window")
    expect(result).to_contain_text(expected["sources"]["nodes"][0]["name"])
    assert json.loads(text_of(result))["data"] == expected


def stored(visit: Visit) -> str:
    return str(visit.page.evaluate("JSON.stringify(localStorage)"))


def test_a_typed_query_is_run_with_the_button(visit: Visit) -> None:
    editor = open_graphiql(visit)
    assert visit.page.title() == "oneroster-gateway"
    write_query(visit, editor)
    visit.page.get_by_role("button", name="Execute query").click()
    expect_answer(visit, QUERY)


def test_a_typed_query_is_run_with_the_keyboard(visit: Visit) -> None:
    editor = open_graphiql(visit)
    write_query(visit, editor)
    visit.page.keyboard.press("Control+Enter")
    expect_answer(visit, QUERY)


def test_the_docs_describe_a_type(visit: Visit) -> None:
    open_graphiql(visit)
    visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = visit.page.get_by_role("region", name="Documentation Explorer")
    docs.get_by_role("combobox").fill("Source")
    found = docs.get_by_role("option").first
    expect(found).to_have_text("Source")  # until the search is through, every type is listed
    found.click()
    description = answer_of(visit.base_url, '{ __type(name: "Source") { description } }')["__type"]["description"]
    assert description
    expect(docs).to_contain_text(description.split("\n")[0])


def test_the_first_visit_shows_the_first_example(visit: Visit) -> None:
    editor = open_graphiql(visit)
    expect_text(editor, EXAMPLES[0].query)
    expect(visit.page.get_by_role("region", name="Examples").get_by_role("button")).to_have_count(len(EXAMPLES))


def test_an_example_is_loaded_with_its_variables(visit: Visit) -> None:
    editor = open_graphiql(visit)
    example = next(example for example in EXAMPLES[1:] if example.variables)
    open_example(visit, example.title)
    expect_text(editor, example.query)
    expect_text(visit.page.get_by_role("region", name="Variables"), example.variables)


def test_an_example_leaves_what_was_typed_in_its_own_tab(visit: Visit) -> None:
    editor = open_graphiql(visit)
    write_query(visit, editor)
    open_example(visit, EXAMPLES[1].title)
    tabs = visit.page.get_by_role("tab")
    expect(tabs).to_have_count(2)
    expect_text(editor, EXAMPLES[1].query)
    tabs.first.click()
    expect_text(editor, QUERY)


def test_S08_a_token_is_sent_and_never_stored(visit: Visit) -> None:
    editor = open_graphiql(visit)
    visit.page.get_by_role("button", name="Headers", exact=True).click()
    headers = visit.page.get_by_role("region", name="Headers")
    write(visit, headers, '{"Authorization": "Bearer not-to-be-kept')
    write_query(visit, editor)
    with visit.page.expect_request(lambda request: request.method == "POST") as sent:
        visit.page.get_by_role("button", name="Execute query").click()
    assert sent.value.headers["authorization"] == "Bearer not-to-be-kept"
    expect_answer(visit, QUERY)
    visit.page.get_by_role("button", name="Show History").click()
    expect(visit.page.get_by_role("region", name="History")).to_contain_text("Typed")
    assert "queries" in stored(visit)
    assert "not-to-be-kept" not in stored(visit)


def test_a_reload_keeps_the_query(visit: Visit) -> None:
    write_query(visit, open_graphiql(visit))
    tabs = "localStorage['oneroster-gateway/graphql:graphiql:tabState']"
    visit.page.wait_for_function(f"text => {tabs}?.includes(text)", arg=QUERY)
    expect_text(open_graphiql(visit), QUERY)


def test_an_answer_that_is_not_json_is_said_so(visit: Visit) -> None:
    editor = open_graphiql(visit)
    write_query(visit, editor)
    visit.page.route("**/graphql", lambda route: route.fulfill(status=200, body="<p>Sign in</p>"))
    visit.page.keyboard.press("Control+Enter")
    result = visit.page.get_by_role("region", name="Result Window")
    expect(result).to_contain_text("status 200, and no JSON")


def test_dialogs_open_under_the_strict_policy(visit: Visit) -> None:
    open_graphiql(visit)
    for name in ("Open settings dialog", "Open short keys dialog"):
        visit.page.get_by_role("button", name=name).click()
        expect(visit.page.get_by_role("dialog")).to_be_visible()
        expect(visit.page.locator("[role=dialog]:focus-within")).to_be_visible()  # only then does it listen to keys
        visit.page.keyboard.press("Escape")
        expect(visit.page.get_by_role("dialog")).to_be_hidden()
    assert "Persist headers" not in visit.page.content()


def test_S08_the_policy_stops_what_is_foreign_or_inline(visit: Visit) -> None:
    open_graphiql(visit)
    with visit.page.expect_console_message(lambda message: "connect-src 'self'" in message.text):
        visit.page.evaluate("fetch('http://192.0.2.1/').catch(() => 0)")
    with visit.page.expect_console_message(lambda message: "script-src 'self'" in message.text):
        visit.page.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), {text: 'globalThis.ran = true'}))"
        )
    assert visit.page.evaluate("globalThis.ran") is None
    visit.complaints[:] = [said for said in visit.complaints if "Content Security Policy" not in said]


def test_the_front_page_leads_to_graphiql(visit: Visit) -> None:
    visit.page.goto(f"{visit.base_url}/")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("oneroster-gateway")
    expect(visit.page.get_by_role("listitem").first).to_be_visible()
    with visit.page.expect_response(lambda response: response.request.method == "POST"):
        visit.page.get_by_role("link", name="graphql").click()
    expect(visit.page.get_by_role("region", name="Query Editor")).to_be_visible()
    visit.page.get_by_role("link", name="oneroster-gateway").click()
    expect(visit.page).to_have_url(f"{visit.base_url}/")
