// Starts GraphiQL on the page made by gateway/web/pages.py. React, ReactDOM and GraphiQL are the vendored globals.
'use strict';

(() => {
  const { createElement: h, useEffect, useState } = React;
  const { useEditorContext, usePluginStore } = GraphiQL.React;
  const root = document.getElementById('graphiql');
  const { endpoint, examples, styleNonce } = root.dataset;

  // An open dialog locks scrolling through a <style> element. The library that adds it looks for the nonce here.
  globalThis.__webpack_nonce__ = styleNonce;

  // The key that is chosen above the editors, where the page has any to choose from. One under Headers is sent instead.
  function chosen() {
    const key = document.getElementById('key')?.value;
    return key ? { authorization: `Bearer ${key}` } : {};
  }

  async function ask({ query, variables, operationName }, { headers } = {}) {
    const sent = new Headers({ accept: 'application/json', 'content-type': 'application/json', ...chosen() });
    for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, value);
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: sent,
      body: JSON.stringify({ query, variables, operationName }),
    });
    try {
      return await answer.json();
    } catch {
      return { errors: [{ message: `Not an answer of the gateway: status ${answer.status}, and no JSON.` }] };
    }
  }

  // Namespaced by address, so that other programs on the same host and port keep their tabs and we ours.
  function browserStorage() {
    const storage = GraphiQL.createLocalStorage({ namespace: `oneroster-gateway${location.pathname}` });
    const setItem = storage.setItem;
    storage.setItem = (key, value) => setItem(key, withoutHeaders(value));
    return storage;
  }

  // GraphiQL's history would keep the headers of each query, thus tokens, even with shouldPersistHeaders={false}.
  function withoutHeaders(value) {
    if (!value.includes('"headers"')) return value;
    try {
      return JSON.stringify(JSON.parse(value, (key, part) => (key === 'headers' ? undefined : part)));
    } catch {
      return value; // not JSON: the text of a query
    }
  }

  // A pane in the side bar. An example replaces an empty or untouched editor, otherwise it opens its own tab.
  function examplesPane(list) {
    const chapters = [...new Set(list.map(({ chapter }) => chapter))];
    const known = new Set(['', ...list.map(({ query }) => query.trim())]);

    function Content() {
      const { queryEditor, variableEditor, addTab } = useEditorContext({ nonNull: true });
      const [chosen, setChosen] = useState(null);
      useEffect(() => {
        if (!chosen) return;
        queryEditor.setValue(chosen.query);
        variableEditor.setValue(chosen.variables);
        setChosen(null);
      }, [chosen]);
      const open = (example) => {
        if (!known.has(queryEditor.getValue().trim())) addTab();
        setChosen(example);
      };
      return h(
        'section',
        { className: 'examples', 'aria-label': 'Examples' },
        h('div', { className: 'graphiql-doc-explorer-title' }, 'Examples'),
        chapters.flatMap((chapter) => [
          h('h3', { key: chapter, className: 'chapter' }, chapter),
          ...list
            .filter((example) => example.chapter === chapter)
            .map((example) =>
              h(
                'button',
                { key: example.title, type: 'button', className: 'example', onClick: () => open(example) },
                h('strong', null, example.title),
                h('span', null, ...example.about.split('`').map((part, i) => (i % 2 ? h('code', null, part) : part))),
              ),
            ),
        ]),
        h(
          'p',
          { className: 'hint' },
          'To send a token, put ',
          h('code', null, '{"Authorization": "Bearer …"}'),
          ' under Headers, below the query. It is not kept when the page closes.',
        ),
      );
    }

    const Icon = (props) =>
      h(
        'svg',
        { ...props, viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5 },
        h('path', { d: 'M9 18h6M10 21.5h4M8 15a6.5 6.5 0 1 1 8 0c-.8.6-1 1.5-1 3H9c0-1.5-.2-2.4-1-3Z' }),
      );
    return { title: 'Examples', icon: Icon, content: Content };
  }

  // Opens a side-bar pane once, as a click does: the visiblePlugin property leaves it folded in GraphiQL 4.1.
  function OpenPane({ title }) {
    const ready = usePluginStore().plugins.length > 0;
    useEffect(() => {
      if (ready) document.querySelector(`.graphiql-sidebar [aria-label="Show ${title}"]`)?.click();
    }, [ready]);
    return null;
  }

  function page(list) {
    const storage = browserStorage();
    return h(
      GraphiQL,
      {
        fetcher: ask,
        storage,
        shouldPersistHeaders: false,
        isHeadersEditorEnabled: true,
        defaultEditorToolsVisibility: true,
        defaultQuery: '',
        defaultTabs: list.slice(0, 1).map(({ query, variables }) => ({ query, variables })),
        plugins: [examplesPane(list)],
        onTogglePluginVisibility: (plugin) => storage.setItem('pane', plugin ? plugin.title : ''),
      },
      h(GraphiQL.Logo, null, h('a', { href: './', className: 'home' }, 'oneroster-gateway')),
      h(OpenPane, { title: storage.getItem('pane') ?? 'Examples' }),
    );
  }

  async function start() {
    const answer = await fetch(examples);
    if (!answer.ok) throw new Error(`${examples}: status ${answer.status}`);
    const element = page(await answer.json());
    ReactDOM.createRoot(root).render(element);
  }

  start().catch((error) => {
    root.textContent = `GraphiQL could not start: ${error.message}`;
  });
})();
