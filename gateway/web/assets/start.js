// Starts GraphiQL on the page made by gateway/web/pages.py. React, ReactDOM and GraphiQL are the vendored globals.
'use strict';

(() => {
  const { createElement: h, useEffect, useState } = React;
  const { useEditorContext } = GraphiQL.React;
  const root = document.getElementById('graphiql');
  const { endpoint, examples, styleNonce } = root.dataset;

  // An open dialog locks scrolling through a <style> element. The library that adds it looks for the nonce here.
  globalThis.__webpack_nonce__ = styleNonce;

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
        list.map((example) =>
          h(
            'button',
            { key: example.title, type: 'button', className: 'example', onClick: () => open(example) },
            h('strong', null, example.title),
            h('span', null, example.about),
          ),
        ),
        h(
          'p',
          { className: 'hint' },
          'To send a token, put ',
          h('code', null, '{"Authorization": "Bearer …"}'),
          ' under Headers, below the query. It is not kept when the page closes.',
        ),
      );
    }

    const Icon = () =>
      h(
        'svg',
        { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, 'aria-hidden': true },
        h('path', { d: 'M9 18h6M10 21h4M8.5 14.5a5.5 5.5 0 1 1 7 0c-.7.6-1 1.2-1 2h-5c0-.8-.3-1.4-1-2Z' }),
      );
    return { title: 'Examples', icon: Icon, content: Content };
  }

  function page(list) {
    const storage = browserStorage();
    const pane = storage.getItem('pane');
    return h(
      GraphiQL,
      {
        fetcher: GraphiQL.createFetcher({
          url: new URL(endpoint, location.href).href,
          headers: { accept: 'application/json' },
          enableIncrementalDelivery: false,
        }),
        storage,
        shouldPersistHeaders: false,
        isHeadersEditorEnabled: true,
        defaultEditorToolsVisibility: true,
        defaultQuery: '',
        defaultTabs: list.slice(0, 1).map(({ query, variables }) => ({ query, variables })),
        plugins: [examplesPane(list)],
        visiblePlugin: pane ?? 'Examples',
        onTogglePluginVisibility: (plugin) => storage.setItem('pane', plugin ? plugin.title : ''),
      },
      h(GraphiQL.Logo, null, h('a', { href: './', className: 'home' }, 'oneroster-gateway')),
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
