// SPDX-License-Identifier: EUPL-1.2
// PostGraphile 5 over the hub's own tables and doors. Wijken, signals, buurten, organisations are
// its own resources, which it joins into one statement; what the hub computes for all wijken at
// once is loaded in batches by the hub's own statements, as its manual advises.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import {
  loadManyWithPgClient,
  loadOneWithPgClient,
  pgSelect,
  sideEffectWithPgClient,
  TYPES,
} from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { constant, lambda, list, object } from "postgraphile/grafast";
import { parse } from "postgraphile/grafast/graphql";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema } from "postgraphile/utils";
import * as hub from "./hub.mjs";

const typeDefs = parse(hub.typeDefs.replace(/^type (Query|Mutation) /gm, "extend type $1 "));

// ── What is loaded for many wijken at once ──────────────────────────────────────────────────────

async function rowsOf(client, statement, asked) {
  const ids = asked.map(([id]) => id);
  const { rows } = await client.query(hub.named(statement, [ids, ...asked[0].slice(1)]));
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of rows) found.get(row.key).push(row);
  return ids.map((id) => found.get(id));
}

async function headlines(client, asked) {
  const { week, before } = hub.weekOf(asked[0][1]);
  const weeks = asked.map(([id]) => [id, week, before]);
  const rows = await rowsOf(client, "headlines_of_wijken", weeks);
  return rows.map((each) => each.map(hub.headlineOf));
}

async function silentSources(client, asked) {
  const { until } = hub.weekOf(asked[0][1]);
  const weeks = asked.map(([id]) => [`${id}/${until}`]);
  const rows = await rowsOf(client, "sources_of_wijken", weeks);
  return rows.map((each) => each.filter((row) => row.silent));
}

const sources = (client, asked) =>
  rowsOf(client, "sources_of_wijken", asked.map(([id]) => [`${id}/`]));

async function totals(client, asked) {
  const rows = await rowsOf(client, "signals_total", asked);
  return rows.map((each) => each.reduce((sum, row) => sum + row.records, 0));
}

async function push(client, input) {
  const { rows } = await client.query(hub.delivery(input));
  return JSON.parse(Object.values(rows[0])[0]).pushSignals;
}

// ── The schema ──────────────────────────────────────────────────────────────────────────────────

const gemeente = () => constant(hub.gemeente);
const nothings = (count) => Array.from({ length: count }, () => constant(null));
const idOf = (type, column) => ($row) =>
  lambda($row.get(column), (id) => hub.globalId(type, id), true);

const HubSchema = extendSchema(({ pgResources, sql }) => {
  const { wijk_versions: wijken, buurten, organisations, signals_newest: newest } = pgResources;
  const { executor } = wijken;
  const many = (load, ...asked) => loadManyWithPgClient(executor, list(asked), load);
  const organisationOf = ($row) =>
    organisations.get({ gemeente: gemeente(), id: $row.get("owner") });
  const buurtOf = ($row) => buurten.get({ gemeente: gemeente(), id: $row.get("buurt") });
  // A subselect that names nothing of the row is evaluated once.
  const wijkOf = ($row) => {
    const year = $row.select(sql`(select hub.current_year(hub.gemeente()))`, TYPES.int);
    return wijken.get({ gemeente: gemeente(), wijk: $row.get("wijk"), year });
  };
  const now = ($wijken) => {
    $wijken.where(sql`${$wijken.alias}.gemeente = hub.gemeente()`);
    $wijken.where(sql`${$wijken.alias}.year = hub.current_year(hub.gemeente())`);
    return $wijken;
  };
  return {
    typeDefs,
    objects: {
      Query: {
        plans: {
          wijk: (_, { $code }) => now(wijken.find({ code: $code })).single(),
          wijken(_) {
            const $wijken = now(wijken.find());
            $wijken.orderBy({ attribute: "code", direction: "ASC" });
            return $wijken;
          },
        },
      },
      Mutation: {
        plans: {
          pushSignals: (_, args) => sideEffectWithPgClient(executor, args.getRaw("input"), push),
        },
      },
      Wijk: {
        plans: {
          id: idOf("Wijk", "wijk"),
          overview: ($wijk, { $week }) => object({ wijk: $wijk.get("wijk"), week: $week }),
          signals($wijk, { $first }) {
            const wijk = $wijk.get("wijk");
            const args = [wijk, ...nothings(10), $first].map((step) => ({ step }));
            // PostGraphile joins nothing to rows with an order of their own, so it is said again.
            const nodes = pgSelect({
              resource: newest,
              identifiers: [],
              args,
              hasImplicitOrder: false,
            });
            for (const attribute of ["day", "id"]) nodes.orderBy({ attribute, direction: "DESC" });
            return object({ wijk, nodes });
          },
          actions: () => object({ nodes: constant([]) }),
          sources: ($wijk) => many(sources, $wijk.get("wijk"), constant(null)),
        },
      },
      SignalConnection: {
        plans: {
          total: ($signals) =>
            loadOneWithPgClient(executor, list([$signals.get("wijk"), ...nothings(8)]), totals),
        },
      },
      Signal: {
        plans: {
          id: idOf("Signal", "id"),
          owner: organisationOf,
          wijk: wijkOf,
          place: ($signal) => $signal,
          seenOn: ($signal) => $signal.get("seen_on"),
        },
      },
      Place: {
        plans: {
          buurt: buurtOf,
          label: ($signal) =>
            lambda([buurtOf($signal).get("name"), wijkOf($signal).get("name")], hub.placeOf, true),
          precision: ($signal) =>
            lambda([$signal.get("lon"), $signal.get("buurt")], hub.precisionOf, true),
        },
      },
      Overview: {
        plans: {
          headlines: ($of) => many(headlines, $of.get("wijk"), $of.get("week")),
          silentSources: ($of) => many(silentSources, $of.get("wijk"), $of.get("week")),
          openActions: () => constant(0),
          overdueSteps: () => constant([]),
        },
      },
      SourceState: {
        plans: {
          organisation: organisationOf,
          lastDelivery: ($source) => $source.get("last_delivery"),
          expectedEvery: ($source) => lambda($source.get("rhythm_days"), hub.everyDays, true),
        },
      },
    },
  };
});

// The hub's tables have the names of the types above.
const TableNames = {
  name: "TableNames",
  version: "1.0.0",
  inflection: { replace: { tableType: (previous, _, codec) => `Hub${previous(codec)}` } },
};

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [HubSchema, TableNames],
  pgServices: [makePgService({ schemas: ["hub"], poolConfig: hub.poolConfig })],
  grafserv: {
    graphqlPath: "/graphql",
    graphiql: false,
    watch: false,
    maxRequestLength: 64_000_000,
  },
  grafast: {
    explain: false,
    context: ({ node }) => ({ pgSettings: hub.identityOf(node.req.headers) }),
  },
});
const handle = instance.createServ(grafserv).createHandler();
await instance.getSchema();
const server = createServer((request, response) =>
  request.url === "/ready" ? response.end("{}") : handle(request, response),
);
server.listen(hub.port, "127.0.0.1");
