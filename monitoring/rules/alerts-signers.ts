import { course, series, targetLabels } from "./fixtures.ts";
import { TARGET } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { Alert } from "./types.ts";

const SIGNER = targetLabels("web3signer", "web3signer");
const BOOST = targetLabels("mev-boost", "mev-boost");
const RELAYS = "stack, network, operator, host, node, instance";
const BOOST_LABELS = {
  stack: BOOST["stack"] ?? "",
  network: BOOST["network"] ?? "",
  operator: BOOST["operator"] ?? "",
  host: BOOST["host"] ?? "",
  node: BOOST["node"] ?? "",
  instance: BOOST["instance"] ?? "",
};

/** Alerts about Web3Signer, its slashing protection, and mev-boost. */
export function signerAlerts(timing: Timing): Alert[] {
  const quarter = timing.range("15m");
  const half = timing.range("30m");
  return [
    {
      name: "Web3SignerDown",
      expr: 'up{job="web3signer"} == 0',
      for: timing.hold("3m"),
      severity: "page",
      summary: "Web3Signer of {{ $labels.node }} is down",
      description:
        "Web3Signer at {{ $labels.instance }} ({{ $labels.stack }}, {{ $labels.operator }}) has not answered for three minutes: nothing of the node is signed.",
      runbook: {
        means: "the node's validators miss every duty.",
        look: "`docker compose ps` and the logs of `web3signer` and `postgres` in the node's folder: Web3Signer does not start without its database.",
        act: "start PostgreSQL first. Never switch slashing protection off to get going, and never start with an empty database for keys that have signed.",
      },
      test: {
        input: [series("up", SIGNER, "1x4 0x10 1x10")],
        checks: course("6m", "10m", [{ labels: SIGNER }], "17m"),
      },
    },
    {
      name: "SlashingProtectionRefused",
      expr: `sum by (${TARGET}) (increase(eth2_slashingprotection_prevented_signings_total[${half}])) > 0`,
      severity: "warn",
      summary: "Slashing protection of {{ $labels.node }} refused to sign",
      description:
        "Web3Signer of {{ $labels.node }} ({{ $labels.stack }}) refused {{ $value | humanize }} signings within half an hour.",
      runbook: {
        means: "the node of SlashingRiskDetected with reason `signing_refused`.",
        look: "Web3Signer's log: key, slot and epochs of what it refused. Who asks: one validator client, or two?",
        act: "as SlashingRiskDetected.",
      },
      test: {
        input: [series("eth2_slashingprotection_prevented_signings_total", SIGNER, "0x9 2x80")],
        checks: course("9m", "15m", [{ labels: SIGNER, shown: "2" }], "60m"),
      },
    },
    {
      name: "SlashingDatabaseUnavailable",
      expr: `signing_signers_loaded_count{job="web3signer"} > 0
and on (${TARGET})
(
  sum by (${TARGET}) (rate(eth2_slashingprotection_permitted_signings_total[${quarter}]))
  + sum by (${TARGET}) (rate(eth2_slashingprotection_prevented_signings_total[${quarter}]))
) == 0`,
      for: timing.hold("5m"),
      severity: "page",
      summary: "Slashing protection of {{ $labels.node }} has checked nothing",
      description:
        "Web3Signer of {{ $labels.node }} ({{ $labels.stack }}) has {{ $value }} keys, and its slashing protection has decided nothing for 15 minutes.",
      runbook: {
        means:
          "each signature is checked in PostgreSQL first. None was: the database is away or locked, or nobody asks for signatures.",
        look: "log of `postgres` (disk full, crash recovery), log of `web3signer` (`slashing`, timeouts); ValidatorClientDown.",
        act: "start the database. If it is damaged: stop the validator client, restore nothing, and follow [Slashing protection](#slashing-protection).",
      },
      test: {
        input: [
          series("signing_signers_loaded_count", SIGNER, "10x120"),
          series("eth2_slashingprotection_permitted_signings_total", SIGNER, "0+20x30 600x40 600+20x40"),
          series("eth2_slashingprotection_prevented_signings_total", SIGNER, "0x120"),
        ],
        checks: course("47m", "60m", [{ labels: SIGNER, shown: "10" }], "90m"),
      },
    },
    {
      name: "SlashingDatabaseSlow",
      expr: `sum by (${TARGET}) (rate(eth2_slashingprotection_database_duration_sum[${quarter}]))
/
(sum by (${TARGET}) (rate(eth2_slashingprotection_database_duration_count[${quarter}])) > 0)
> 0.25`,
      for: timing.hold("10m"),
      severity: "warn",
      summary: "The slashing-protection database of {{ $labels.node }} is slow",
      description:
        "A check at {{ $labels.node }} ({{ $labels.stack }}) takes {{ $value | humanizeDuration }} on average: attestations are late.",
      runbook: {
        means: "PostgreSQL needs more than a quarter of a second for each signature.",
        look: "disk latency of the host; is the execution client syncing beside it? Size of the database (pruning is on by default).",
        act: "a faster disk; after a long time without pruning, `VACUUM` while the validator client is stopped.",
      },
      test: {
        input: [
          series(
            "eth2_slashingprotection_database_duration_sum",
            { ...SIGNER, signingOperation: "attestation" },
            "0+0.2x20 4.2+10x30 304+0.2x60",
          ),
          series(
            "eth2_slashingprotection_database_duration_count",
            { ...SIGNER, signingOperation: "attestation" },
            "0+20x120",
          ),
        ],
        checks: course("35m", "50m", [{ labels: SIGNER, shown: "500ms" }], "90m"),
      },
    },
    {
      name: "Web3SignerUnknownKey",
      expr: `sum by (${TARGET}) (increase(signing_bls_missing_identifier_count_total[${half}])) > 0`,
      severity: "warn",
      summary: "Web3Signer of {{ $labels.node }} is asked for keys that it does not have",
      description:
        "{{ $value | humanize }} requests of the last half hour at {{ $labels.node }} ({{ $labels.stack }}) were for keys that are not loaded.",
      runbook: {
        means: "the validator client has keys that its signer has not.",
        look: "the keys in Web3Signer's log against `npm run keys -- list`.",
        act: "if a move is open, resume it. Else load the key with its history ([Moving keys](#moving-keys)), never without.",
      },
      test: {
        input: [series("signing_bls_missing_identifier_count_total", SIGNER, "0x9 3x80")],
        checks: course("9m", "15m", [{ labels: SIGNER, shown: "3" }], "60m"),
      },
    },
    {
      name: "MevBoostDown",
      expr: 'up{job="mev-boost"} == 0',
      for: timing.hold("5m"),
      severity: "warn",
      summary: "mev-boost of {{ $labels.node }} is down",
      description:
        "mev-boost at {{ $labels.instance }} ({{ $labels.stack }}) has not answered for five minutes: blocks are built locally.",
      runbook: {
        means: "proposals go on with local blocks and earn less.",
        look: "its log; `-relay-check` ends it when no relay answers.",
        act: "start it; take dead relays from the list.",
      },
      test: {
        input: [series("up", BOOST, "1x4 0x10 1x10")],
        checks: course("8m", "12m", [{ labels: BOOST }], "17m"),
      },
    },
    {
      name: "RelayFailing",
      expr: `sum by (${RELAYS}, relay) (rate(mev_boost_relay_status_code_total{http_status_code!~"2.."}[${half}]))
/
sum by (${RELAYS}, relay) (rate(mev_boost_relay_status_code_total[${half}]))
> 0.5`,
      for: timing.hold("30m"),
      severity: "info",
      summary: "Relay {{ $labels.relay }} fails at {{ $labels.node }}",
      description:
        "{{ $value | humanizePercentage }} of the requests of {{ $labels.node }} ({{ $labels.stack }}) to {{ $labels.relay }} fail.",
      runbook: {
        means: "one relay is broken; the others still bid.",
        look: "the relay's status page.",
        act: "take it from `mevBoost.relays` if it lasts.",
      },
      test: {
        input: [
          series(
            "mev_boost_relay_status_code_total",
            { ...BOOST, relay: "relay-a.example.org", endpoint: "getHeader", http_status_code: "200" },
            "0+5x60 300x70 300+5x60",
          ),
          series(
            "mev_boost_relay_status_code_total",
            { ...BOOST, relay: "relay-a.example.org", endpoint: "getHeader", http_status_code: "503" },
            "0x60 0+5x70 350x60",
          ),
        ],
        checks: course(
          "100m",
          "2h5m",
          [{ labels: { ...BOOST_LABELS, relay: "relay-a.example.org" }, shown: "100%" }],
          "3h",
        ),
      },
    },
    {
      name: "AllRelaysFailing",
      expr: `(sum by (${RELAYS}) (rate(mev_boost_relay_status_code_total[${half}])) > 0)
unless
(sum by (${RELAYS}) (rate(mev_boost_relay_status_code_total{http_status_code=~"2.."}[${half}])) > 0)`,
      for: timing.hold("10m"),
      severity: "warn",
      summary: "No relay answers {{ $labels.node }}",
      description:
        "Every request of {{ $labels.node }} ({{ $labels.stack }}) to its relays has failed for half an hour: blocks are built locally.",
      runbook: {
        means: "the node's way out is broken, or all its relays are.",
        look: "egress rules and DNS of the host; another node's RelayFailing.",
        act: "repair the network; add relays of other operators.",
      },
      test: {
        input: [
          series(
            "mev_boost_relay_status_code_total",
            { ...BOOST, relay: "relay-a.example.org", endpoint: "getHeader", http_status_code: "204" },
            "0+5x60 300x70 300+5x60",
          ),
          series(
            "mev_boost_relay_status_code_total",
            { ...BOOST, relay: "relay-a.example.org", endpoint: "getHeader", http_status_code: "502" },
            "0x60 0+5x70 350x60",
          ),
        ],
        checks: course("95m", "2h5m", [{ labels: BOOST_LABELS }], "3h"),
      },
    },
  ];
}
