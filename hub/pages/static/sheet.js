// SPDX-License-Identifier: EUPL-1.2
// The page on which a sheet is delivered: a trial first, then exactly that trial for real. What the hub answers is put on the
// page as text, never as markup. Token and file stay in the form.
"use strict";

const RECEIPT = `id dataset at replayed summary { outcome rows } errors { code message hint }
  rows(withErrors: true, first: 100) { total nodes { line externalId errors { code message hint } } }`;
const UPLOAD = `mutation ProefBlad($in: UploadSheetInput!) { receipt: uploadSheet(input: $in) { ${RECEIPT} } }`;
const CARRY_OUT = `mutation DoeHetEcht($in: CommitDryRunInput!) { receipt: commitDryRun(input: $in) { ${RECEIPT} } }`;

const at = (id) => document.getElementById(id);
const words = at("result").dataset;
const cures = JSON.parse(words.cures);
let tried = null;

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function headers(more) {
  return { Authorization: `Bearer ${at("token").value.trim()}`, "Accept-Language": document.documentElement.lang, ...more };
}

function upload() {
  const input = { file: null, kind: at("kind").value, dataset: at("dataset").value, dryRun: true, idempotencyKey: newKey() };
  const form = new FormData();
  form.append("operations", JSON.stringify({ query: UPLOAD, variables: { in: input } }));
  form.append("map", JSON.stringify({ file: ["variables.in.file"] }));
  form.append("file", at("file").files[0]);
  return fetch("/upload", { method: "POST", headers: headers({ "GraphQL-Require-Preflight": "1" }), body: form });
}

function carryOut() {
  const input = { receipt: tried.id, idempotencyKey: tried.key };
  const body = JSON.stringify({ query: CARRY_OUT, variables: { in: input } });
  return fetch("/graphql", { method: "POST", headers: headers({ "Content-Type": "application/json" }), body });
}

const cureOf = ({ code, hint }) => cures[code] ?? hint;
const isStored = ({ outcome }) => outcome !== "REJECTED" && outcome !== "UNCHANGED";
const rowsOf = (summary) => summary.reduce((sum, { rows }) => sum + rows, 0);

function problemsOf(answer) {
  const request = (answer.errors ?? []).map(({ message, extensions }) => ({ message, ...extensions }));
  return [...request, ...(answer.data?.receipt?.errors ?? [])];
}

// What is wrong with each row. A cure that was given before, such as a list of words, is not given in full again.
function faultsOf(rows) {
  const given = new Map();
  return rows.flatMap(({ line, externalId, errors }) => errors.map((error) => {
    const hint = cureOf(error);
    const first = given.get(hint) ?? line;
    if (hint) given.set(hint, first);
    return { line, externalId, message: error.message, hint: first === line ? hint : `${words.same} ${first}` };
  }));
}

function cell(row, text, name = "td") {
  const made = document.createElement(name);
  if (name === "th") made.scope = "row";
  made.textContent = text;
  row.append(made);
}

function show(id, items, fill) {
  const list = at(id).tBodies?.[0] ?? at(id);
  list.replaceChildren(...items.map(fill));
  at(id === "rejected" ? "rejected-part" : id).hidden = items.length === 0;
}

function say(title, answer) {
  const receipt = answer?.data?.receipt;
  const rows = receipt?.rows ?? { total: 0, nodes: [] };
  show("problems", answer ? problemsOf(answer) : [], (error) => {
    const item = document.createElement("li");
    item.textContent = [error.message, cureOf(error)].filter(Boolean).join(" ");
    return item;
  });
  show("summary", receipt?.summary ?? [], (each) => {
    const row = document.createElement("tr");
    cell(row, words[each.outcome.toLowerCase()], "th");
    cell(row, each.rows);
    return row;
  });
  show("rejected", faultsOf(rows.nodes), (each) => {
    const row = document.createElement("tr");
    cell(row, each.line, "th");
    for (const text of [each.externalId, each.message, each.hint]) cell(row, text ?? "");
    return row;
  });
  at("more").hidden = rows.total <= rows.nodes.length;
  at("more").textContent = `${words.more} ${rows.total - rows.nodes.length}`;
  at("carry-out-part").hidden = true;
  at("receipt").hidden = true;
  at("result").hidden = false;
  at("result-title").textContent = title;
  at("result-title").focus();
}

const storedOf = ({ summary }) => `${words.done} ${rowsOf(summary.filter(isStored))} ${words.of} ${rowsOf(summary)}`;

async function ask(send) {
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  say(words.busy);
  try {
    return await (await send()).json();
  } catch {
    return { errors: [{ message: words.noAnswer }] };
  } finally {
    for (const button of document.querySelectorAll("button")) button.disabled = false;
  }
}

at("sheet").addEventListener("submit", async (event) => {
  event.preventDefault();
  tried = null;
  const answer = await ask(upload);
  const receipt = answer.data?.receipt;
  const taken = (receipt?.summary ?? []).some(isStored);
  say(receipt?.id ? (taken ? words.tried : words.nothing) : words.refused, answer);
  if (receipt?.id && taken) {
    tried = { id: receipt.id, key: newKey() };
    at("carry-out-part").hidden = false;
  }
});

at("carry-out").addEventListener("click", async () => {
  const answer = await ask(carryOut);
  const receipt = answer.data?.receipt;
  say(receipt?.id ? (receipt.replayed ? words.replayed : storedOf(receipt)) : words.refused, answer);
  at("carry-out-part").hidden = Boolean(receipt?.id); // the same key again does nothing twice
  at("receipt").hidden = !receipt?.id;
  if (receipt?.id) {
    const moment = new Date(receipt.at).toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
    at("receipt-of").textContent = [receipt.dataset, moment, receipt.id].join(" · ");
  }
});

at("dataset").addEventListener("input", ({ target }) => {
  target.setCustomValidity(target.validity.patternMismatch ? words.datasetWrong : "");
});

// What was tried is no longer what is chosen.
at("sheet").addEventListener("input", () => {
  at("carry-out-part").hidden = true;
});
