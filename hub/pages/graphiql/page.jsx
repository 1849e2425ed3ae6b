// SPDX-License-Identifier: EUPL-1.2
// GraphiQL at the hub's own address: asks POST /graphql with the token that was typed in.
import "./surroundings.js";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

const TOKEN = "hub-token";
const field = document.getElementById("token");
const how = document.getElementById("how");
const place = document.getElementById("graphiql");

// A tab's memory only: neither the token nor what was asked stays when the tab is closed.
const memory = window.sessionStorage;

// A way to ask with this token. What the hub says of a token is about headers; here it is a field.
function asking(token) {
  return async (question) => {
    if (!token) return { errors: [{ message: how.textContent }] };
    const got = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify(question),
    });
    const answer = await got.json();
    for (const { extensions } of answer.errors ?? []) {
      if (extensions?.code === "UNAUTHENTICATED") extensions.hint = how.dataset.unknown;
    }
    return answer;
  };
}

const root = createRoot(place);

// Another token is another fetcher: GraphiQL asks the schema again and stays as it is. The change is
// told by the press of a button elsewhere, which must not be taken away under the pointer.
function show() {
  root.render(
    <GraphiQL
      fetcher={asking(field.value.trim())}
      storage={memory}
      defaultQuery={place.dataset.query}
      defaultEditorToolsVisibility={false}
      isHeadersEditorEnabled={false}
    />,
  );
}

field.value = memory.getItem(TOKEN) ?? "";
field.addEventListener("change", () => {
  memory.setItem(TOKEN, field.value.trim());
  show();
});
show();
