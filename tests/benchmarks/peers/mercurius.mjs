// SPDX-License-Identifier: EUPL-1.2
// Mercurius with JIT on Fastify: one transaction per operation, a DataLoader per field that asks
// the database, each with the hub's own statement, prepared. What an ordinary good service does.
import DataLoader from "dataloader";
import Fastify from "fastify";
import mercurius from "mercurius";
import * as hub from "./hub.mjs";

const pool = new hub.pg.Pool(hub.poolConfig);
const NO_FILTER = Array(8).fill(null);
const FIRST_PAGE = [null, null];

class Operation {
  #headers;
  #client;
  #last;
  #loaders = new Map();

  constructor(headers) {
    this.#headers = headers;
  }

  async #begin(isolation) {
    const settings = Object.entries(hub.identityOf(this.#headers));
    const set = ([key, value]) => `set_config('${key}', ${hub.pg.escapeLiteral(value)}, true)`;
    this.#client = await pool.connect();
    await this.#client.query(
      `begin isolation level ${isolation}; select ${settings.map(set).join(", ")}`,
    );
  }

  // A connection does one thing after the other; the first is to begin.
  async query(statement, isolation = "repeatable read") {
    this.#last ??= this.#begin(isolation);
    this.#last = this.#last.then(() => this.#client.query(statement));
    return (await this.#last).rows;
  }

  async end(command) {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await client.query(command);
    client.release();
  }

  // The rows of a statement for each key; those of the same arguments are asked for at once.
  many(statement, key, ...args) {
    const name = `${statement} ${args}`;
    let loader = this.#loaders.get(name);
    if (loader === undefined) {
      loader = new DataLoader(async (keys) => {
        const found = new Map(keys.map((each) => [each, []]));
        for (const row of await this.query(hub.named(statement, [keys, ...args]))) {
          found.get(row.key).push(row);
        }
        return keys.map((each) => found.get(each));
      });
      this.#loaders.set(name, loader);
    }
    return loader.load(key);
  }

  async one(statement, key) {
    return key === null ? null : ((await this.many(statement, key))[0] ?? null);
  }
}

const wijkById = (id, operation) => operation.one("wijken_by_id", id);
const buurtOf = (row, operation) => operation.one("buurten_by_id", row.buurt);
const organisationOf = (row, _, operation) => operation.one("organisations_by_id", row.owner);

const resolvers = {
  Query: {
    async wijk(_, { code }, operation) {
      const found = await operation.many("wijken_of_code", code);
      const current = found.find((row) => row.is_current);
      return current === undefined ? null : wijkById(current.wijk, operation);
    },
    async wijken(_, args, operation) {
      const rows = await operation.many("wijken_of_gemeente", hub.gemeente);
      return rows.map((row) => wijkById(row.id, operation));
    },
  },
  Mutation: {
    async pushSignals(_, { input }, operation) {
      const [row] = await operation.query(hub.delivery(input), "read committed");
      return JSON.parse(Object.values(row)[0]).pushSignals;
    },
  },
  Wijk: {
    id: (wijk) => hub.globalId("Wijk", wijk.id),
    overview: (wijk, { week }) => ({ wijk: wijk.id, ...hub.weekOf(week) }),
    async signals(wijk, { first }, operation) {
      const args = [...NO_FILTER, ...FIRST_PAGE, first];
      return { wijk: wijk.id, nodes: await operation.many("signals_newest", wijk.id, ...args) };
    },
    actions: () => ({ nodes: [] }),
    sources: (wijk, _, operation) => operation.many("sources_of_wijken", `${wijk.id}/`),
  },
  SignalConnection: {
    async total(signals, _, operation) {
      const rows = await operation.many("signals_total", signals.wijk, ...NO_FILTER);
      return rows.reduce((sum, row) => sum + row.records, 0);
    },
  },
  Signal: {
    id: (signal) => hub.globalId("Signal", signal.id),
    owner: organisationOf,
    wijk: (signal, _, operation) => wijkById(signal.wijk, operation),
    place: (signal) => signal,
    seenOn: (signal) => signal.seen_on,
  },
  Place: {
    buurt: (signal, _, operation) => buurtOf(signal, operation),
    async label(signal, _, operation) {
      const asked = [buurtOf(signal, operation), wijkById(signal.wijk, operation)];
      const [buurt, wijk] = await Promise.all(asked);
      return hub.placeOf([buurt && buurt.name, wijk.name]);
    },
    precision: (signal) => hub.precisionOf([signal.lon, signal.buurt]),
  },
  Overview: {
    async headlines(of, _, operation) {
      const rows = await operation.many("headlines_of_wijken", of.wijk, of.week, of.before);
      return rows.map(hub.headlineOf);
    },
    async silentSources(of, _, operation) {
      const rows = await operation.many("sources_of_wijken", `${of.wijk}/${of.until}`);
      return rows.filter((row) => row.silent);
    },
    openActions: () => 0,
    overdueSteps: () => [],
  },
  SourceState: {
    organisation: organisationOf,
    lastDelivery: (source) => source.last_delivery,
    expectedEvery: (source) => hub.everyDays(source.rhythm_days),
  },
};

const app = Fastify({ bodyLimit: 64_000_000 });
app.get("/ready", async () => ({}));
app.register(mercurius, {
  schema: hub.typeDefs,
  resolvers,
  jit: 1,
  context: (request) => new Operation(request.headers),
});
await app.ready();
app.graphql.addHook("onResolution", (execution, operation) =>
  operation.end(execution.errors ? "rollback" : "commit"),
);
await app.listen({ port: hub.port, host: "127.0.0.1" });
