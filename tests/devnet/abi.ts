import { parseAbi, parseAbiItem } from "viem";

/** What the keepers' suite reads and calls of the contracts (contracts/src/interfaces). */
export const SERVICE_ABI = parseAbi([
  "function charged(uint256 operatorId, uint256 window) view returns (uint256)",
  "function currentWindow() view returns (uint256)",
]);
export const BREACHED = parseAbiItem(
  "event SlaBreached(uint256 indexed operatorId, uint256 indexed window, uint256 uptimePpm, uint256 missed, uint256 assigned, uint256 penalty)",
);
export const EXITS_REQUESTED = parseAbiItem("event ExitsRequested(uint256 indexed operatorId, uint256 requestedExits)");
export const POOL_ABI = parseAbi([
  "function balanceOf(address) view returns (uint256)",
  "function convertToShares(uint256) view returns (uint256)",
]);
export const QUEUE_ABI = parseAbi([
  "struct Request { address owner; uint256 shares; bool finalized; bool claimed; uint256 assets; }",
  "function requestWithdrawal(uint256 shares, address receiver) returns (uint256, uint256)",
  "function requestOf(uint256 requestId) view returns (Request)",
  "function lastRequestId() view returns (uint256)",
  "function claim(uint256 requestId) returns (uint256)",
]);
export const CONSENSUS_ABI = parseAbi(["function vote(uint256 lane, bytes32 digest)"]);
