// SPDX-License-Identifier: EUPL-1.2
// What the editor (monaco) expects of a page, arranged before it is loaded: its workers are files of
// the hub, and each style element that it makes carries the page's nonce, as the policy of the page
// demands.
const { nonce } = document.querySelector("script[nonce]");
const createElement = Document.prototype.createElement;

Document.prototype.createElement = function (name, ...options) {
  const element = createElement.call(this, name, ...options);
  if (String(name).toLowerCase() === "style") element.nonce = nonce;
  return element;
};

const WORKERS = { graphql: "graphql.worker.js", json: "json.worker.js" };

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(`/graphiql/${WORKERS[label] ?? "editor.worker.js"}`),
};
