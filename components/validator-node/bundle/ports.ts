/**
 * Ports of a node on its host, counted from `basePort`. All are bound to loopback, metrics to the metrics address when there is one.
 * A node takes sixteen ports, used or not, so that adding a standby moves nothing.
 *
 * | offset | what |
 * |---|---|
 * | 0, 1 | JSON-RPC of the execution clients, primary and standby |
 * | 2, 3 | beacon API of the consensus clients, primary and standby |
 * | 4 | keymanager API of the validator client |
 * | 5 | Web3Signer |
 * | 6, 7 | metrics of the execution clients |
 * | 8, 9 | metrics of the consensus clients |
 * | 10 | metrics of the validator client |
 * | 11 | metrics of mev-boost |
 * | 12 | metrics of Web3Signer |
 *
 * The engine API, WebSocket, mev-boost and PostgreSQL are reached inside the node's network only.
 */
export const PORT_OFFSETS = {
  executionRpc: [0, 1],
  beaconApi: [2, 3],
  keymanager: 4,
  web3signer: 5,
  executionMetrics: [6, 7],
  consensusMetrics: [8, 9],
  validatorMetrics: 10,
  mevBoostMetrics: 11,
  web3signerMetrics: 12,
} as const;

/** How many consecutive ports a node takes from `basePort`. */
export const PORTS_PER_NODE = 16;
