import { HAPROXY_DEFAULTS, HAPROXY_NOTHING } from "./relay.ts";

/** Port of the witness in its networks, and of the way to it through the links. */
export const WITNESS_PORT = 9_091;
/** Where a keeper asks, in the witness's network. */
export const WITNESS_URL = `http://witness:${WITNESS_PORT}`;
const increased = (counter: string): string =>
  `quantile(0.5, increase(ethstake_operator_epochs_${counter}_total{operator_id="$id"}[$range]))`;
/**
 * An operator's uptime (0 to 1) over a window, by validator-epochs as reports have it, from all keepers' counters, their median: what one
 * keeper has wrong, the others do not confirm. By id, for anyone may register an operator of the same name. $id and $range are put in by the
 * keeper (services/keeper/service-level/witness.ts).
 */
export const UPTIME_QUERY = `1 - ${increased("missed")} / (${increased("assigned")} > 0)`;
/** Days that Prometheus must keep for it: a window (30 days), and time to agree on it. */
export const WITNESS_DAYS = 32;

/**
 * HAProxy's configuration of the witness, for 2.6 to 3.2: it lets keepers ask Prometheus questions, by GET of /api/v1/query and two at a time,
 * and lets none of its other APIs through. Pure.
 * @param target `host:port` of Prometheus, or of the link that leads to the monitoring host's witness. Looked up again and again: containers
 * change their addresses
 */
export function renderWitness(target: string, listen = `:${WITNESS_PORT}`): string {
  return [
    ...HAPROXY_DEFAULTS,
    "resolvers docker",
    "  nameserver docker 127.0.0.11:53",
    "  hold valid 10s",
    "frontend questions",
    "  mode http",
    "  timeout http-request 5s",
    `  bind ${listen}`,
    "  http-request return status 405 unless METH_GET",
    "  use_backend prometheus if { path -m str /api/v1/query }",
    "  default_backend nothing",
    ...HAPROXY_NOTHING,
    "backend prometheus",
    "  mode http",
    `  server prometheus ${target} maxconn 2 resolvers docker init-addr last,libc,none`,
    "",
  ].join("\n");
}
