// SPDX-License-Identifier: EUPL-1.2
// GraphiQL at the hub's own address: asks POST /graphql with the token that was typed in.
import "./surroundings.js";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

const TOKEN = "hub-token";
const field = document.getElementById("token");
const how = document.getElementById("how").textContent;
const place = document.getElementById("graphiql");

// A tab's memory only: neither the token nor what was asked stays when the tab is closed.
const memory = window.sessionStorage;

async function ask(question) {
  const token = field.value.trim();
  if (!token) return { errors: [{ message: how }] };
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(question),
  });
  return answer.json();
}

const root = createRoot(place);

// A key of its own for each token, so that the schema is asked again when it changes.
function show() {
  root.render(
    <GraphiQL
      key={field.value}
      fetcher={ask}
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
