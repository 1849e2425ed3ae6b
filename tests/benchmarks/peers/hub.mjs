// SPDX-License-Identifier: EUPL-1.2
// What both peers know of the hub: where it is, who asks, its named statements, its words and ids.
// Everything comes from the environment and from one file that the harness writes.
import { readFileSync } from "node:fs";
import pg from "pg";

const { words, statements, push } = JSON.parse(readFileSync(process.env.PEER_FACTS, "utf8"));

// A day is a text for the hub, and a Date, made for each value, for nobody.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

export { pg };
export const gemeente = process.env.PEER_GEMEENTE;
export const port = Number(process.env.PEER_PORT);
export const poolConfig = {
  max: Number(process.env.PEER_POOL),
  application_name: "peer",
  options: "-c timezone=UTC -c search_path=hub,pg_temp",
};
export const typeDefs = readFileSync(new URL("./schema.graphql", import.meta.url), "utf8");

// The identity of a transaction, as the hub sets it.
export const identityOf = (headers) => ({
  "hub.gemeente": gemeente,
  "hub.organisation": headers["x-organisation"],
  "hub.actor": "peer",
  "hub.roles": "",
  "hub.trace": "",
});

// A named statement of the hub as node-postgres prepares it, once per connection.
export const named = (name, values) => ({ name, text: statements[name], values });

// The delivery that was written by hand, which every peer sends as its own custom mutation.
export const delivery = ({ delivery: { dataset, idempotencyKey }, rows }) => ({
  name: "push",
  text: push,
  values: [dataset, idempotencyKey, JSON.stringify(rows)],
});

export const globalId = (type, id) => Buffer.from(`${type}:${id}`).toString("base64url");
export const shown = (value, suppression) => (value === null ? words[suppression] : String(value));
export const everyDays = (days) => (days === null ? null : words[days]);
export const precisionOf = ([lon, buurt]) =>
  lon !== null ? "EXACT" : buurt !== null ? "BUURT" : "WIJK";
export const placeOf = ([buurt, wijk]) => (buurt === null ? wijk : `${buurt}, ${wijk}`);

// Monday to Sunday of an ISO week, the week before it, both as the hub names weeks.
export function weekOf(period) {
  const [year, number] = period.split("-W").map(Number);
  const fourth = new Date(Date.UTC(year, 0, 4));
  const monday = new Date(fourth);
  monday.setUTCDate(4 - ((fourth.getUTCDay() + 6) % 7) + (number - 1) * 7);
  return { week: period, before: nameOf(shifted(monday, -7)), until: dayOf(shifted(monday, 6)) };
}

const shifted = (day, by) => new Date(day.getTime() + by * 86_400_000);
const dayOf = (day) => day.toISOString().slice(0, 10);

function nameOf(monday) {
  const thursday = shifted(monday, 3);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const number = Math.floor((thursday.getTime() - first) / (7 * 86_400_000)) + 1;
  return `${thursday.getUTCFullYear()}-W${String(number).padStart(2, "0")}`;
}

export function headlineOf(row) {
  const { now_value: now, previous_value: before } = row;
  const exact = row.now_suppression === "NONE" && row.previous_suppression === "NONE";
  return {
    measure: row.measure,
    label: row.label,
    now: { value: now, shown: shown(now, row.now_suppression), suppression: row.now_suppression },
    previous: {
      value: before,
      shown: shown(before, row.previous_suppression),
      suppression: row.previous_suppression,
    },
    changePercent: exact && before !== 0 ? evenly((100 * (now - before)) / before) : null,
  };
}

// Half to even, as the hub rounds.
function evenly(number) {
  const floor = Math.floor(number);
  return number - floor === 0.5 ? floor + (floor % 2) : Math.round(number);
}
