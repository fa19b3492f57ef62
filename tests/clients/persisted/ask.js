// Asks the gateway at URL for people twice, as an app with Apollo Client or urql does, and prints as JSON what the app
// got and which requests that took.
//
//   node ask.js CLIENT URL [MANIFEST]     CLIENT: apollo, apollo-get, urql, urql-get
//
// MANIFEST: of trusted documents, as made for that client: the ids are taken from there instead of being computed.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { PEOPLE } from "./operations.js";

globalThis.self ??= globalThis; // urql looks there for the browser's crypto

const [client, url, manifestFile] = process.argv.slice(2);
const manifest = manifestFile && JSON.parse(readFileSync(manifestFile, "utf8"));
const withGet = client.endsWith("-get");
const requests = [];

async function noted(input, init = {}) {
  const response = await fetch(input, init);
  const sent = init.method === "GET" ? fromQuery(new URL(input).searchParams) : JSON.parse(init.body);
  requests.push({
    method: init.method,
    text: typeof sent.query === "string",
    hash: sent.extensions?.persistedQuery?.sha256Hash ?? null,
    status: response.status,
  });
  return response;
}

function fromQuery(parameters) {
  const sent = Object.fromEntries(parameters);
  return { ...sent, extensions: sent.extensions && JSON.parse(sent.extensions) };
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

async function apollo() {
  const { ApolloClient, HttpLink, InMemoryCache } = await import("@apollo/client");
  const { createPersistedQueryLink } = await import("@apollo/client/link/persisted-queries");
  const { generatePersistedQueryIdsFromManifest } = await import("@apollo/persisted-query-lists");
  const ids = manifest ? generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest }) : { sha256 };
  const persisted = createPersistedQueryLink({ ...ids, useGETForHashedQueries: withGet });
  const app = new ApolloClient({
    link: persisted.concat(new HttpLink({ uri: url, fetch: noted })),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: "no-cache", errorPolicy: "all" } },
  });
  return (variables) => app.query({ query: PEOPLE, variables });
}

async function urql() {
  const { Client, fetchExchange } = await import("@urql/core");
  const { persistedExchange } = await import("@urql/exchange-persisted");
  const people = Object.entries(manifest ?? {}).find(([, text]) => text.includes("query People("));
  const trusted = { enforcePersistedQueries: true, generateHash: async () => people[0] };
  const persisted = persistedExchange({ preferGetForPersistedQueries: withGet, ...(manifest ? trusted : {}) });
  const app = new Client({ url, fetch: noted, preferGetMethod: withGet, exchanges: [persisted, fetchExchange] });
  return (variables) => app.query(PEOPLE, variables).toPromise();
}

const ask = await (client.startsWith("apollo") ? apollo() : urql());
const answers = [];
for (const first of [3, 4]) {
  const { data, error } = await ask({ first });
  answers.push({ data: data ?? null, error: error ? String(error.message) : null });
}
console.log(JSON.stringify({ answers, requests }));
