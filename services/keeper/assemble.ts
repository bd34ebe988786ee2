import { join } from "node:path";
import type { Registry } from "prom-client";
import { BeaconClient, epochStart } from "../../provider/beacon/api.ts";
import { connectChain } from "../../provider/chain/client.ts";
import { BeaconReader } from "./beacon/reader.ts";
import { ChainClock, Turns, type Keeper } from "./keeper.ts";
import { DepositsLoop } from "./loops/deposits.ts";
import { ExitsLoop } from "./loops/exits.ts";
import { ReportsLoop } from "./loops/reports.ts";
import { SlaLoop } from "./loops/sla.ts";
import { WatchLoop } from "./loops/watch.ts";
import { WithdrawalsLoop } from "./loops/withdrawals.ts";
import { DutyStore } from "./participation/duty-store.ts";
import { ParticipationTracker } from "./participation/tracker.ts";
import { StateProver } from "./proofs/prover.ts";
import { proveInState, type StateProofs, type StateRequest } from "./proofs/state.ts";
import { Committee } from "./protocol/committee.ts";
import { Fleet } from "./protocol/fleet.ts";
import { RegistryIndex } from "./protocol/registry.ts";
import type { Contracts, Protocol } from "./protocol/protocol.ts";
import { NotAMemberError, OtherNetworkError } from "./runtime/errors.ts";
import type { Logger } from "./runtime/log.ts";
import type { Intervals, Loop } from "./runtime/loop.ts";
import { KeeperMetrics } from "./runtime/metrics.ts";
import type { KeeperSettings, LoopName } from "./runtime/settings.ts";
import { Transactions } from "./runtime/transactions.ts";
import { ServiceLedger } from "./service-level/ledger.ts";
import { UptimeWitness } from "./service-level/witness.ts";
import { SERVICE_LEVEL_ABI } from "./protocol/abi.ts";
import { FleetMetrics } from "./watch/fleet-metrics.ts";
import { ProtocolMetrics } from "./watch/protocol-metrics.ts";

/** A keeper that is ready to run. */
export interface AssembledKeeper {
  readonly loops: readonly Loop[];
  readonly metrics: KeeperMetrics;
  readonly registry: Registry;
  readonly intervals: Intervals;
}

/**
 * Makes a keeper of its settings, once both nodes answer and belong together.
 * @param version shown in its metrics
 * @param prove hashes a beacon state; absent: in this thread, which it stops for seconds
 * @throws {@link NotAMemberError}, {@link OtherNetworkError}
 */
export async function assembleKeeper(
  settings: KeeperSettings,
  version: string,
  log: Logger,
  prove: (request: StateRequest) => Promise<StateProofs> = (request) => Promise.resolve(proveInState(request)),
): Promise<AssembledKeeper> {
  const chain = { rpcUrl: settings.executionRpc, chainId: settings.chainId };
  const client = await connectChain(chain);
  const beacon = new BeaconReader(new BeaconClient(settings.beaconApi));
  const contracts = settings.contracts as Contracts;
  const fromBlock = BigInt(settings.fromBlock);
  const registry = new RegistryIndex(client, contracts.OperatorRegistry, fromBlock);
  const protocol: Protocol = { client, beacon, contracts, fromBlock, registry };
  await requireOneNetwork(settings, beacon);

  const metrics = new KeeperMetrics();
  const { dryRun, accountsDirectory } = settings;
  const options = { chain, contracts, dryRun, accountsDirectory, metrics, log };
  const { depositor, operatorManager, exits } = settings.accounts;
  const accounts = {
    member: await Transactions.open(settings.accounts.member, options),
    ...(depositor ? { depositor: await Transactions.open(depositor, options) } : {}),
    ...(operatorManager ? { operatorManager: await Transactions.open(operatorManager, options) } : {}),
    ...(exits ? { exits: await Transactions.open(exits, options) } : {}),
  };
  const { address } = accounts.member;
  const committee = new Committee(client, contracts.ReportConsensus);
  if (!settings.dryRun && !(await committee.members()).includes(address))
    throw new NotAMemberError(address, contracts.ReportConsensus);
  metrics.info.set({ version, member: address, dry_run: String(settings.dryRun) }, 1);

  const { secondsPerSlot, slotsPerEpoch } = await beacon.parameters();
  const slotMs = (settings.intervalSeconds ?? secondsPerSlot) * 1_000;
  const intervals = { slot: slotMs, epoch: slotMs * slotsPerEpoch };
  const turnMs = (settings.turnSeconds ?? secondsPerSlot * 4) * 1_000;
  const keeper: Keeper = {
    settings,
    protocol,
    clock: new ChainClock(protocol, settings.settled),
    committee,
    fleet: new Fleet(protocol),
    turns: new Turns(address, committee, turnMs),
    metrics,
    log,
    accounts,
  };
  const fleetMetrics = new FleetMetrics(metrics.registry, {
    vault: contracts.ExecutionRewardsVault,
    limit: settings.perValidatorLimit,
    slotsPerEpoch,
  });
  const ledger = await ServiceLedger.open(
    settings.cacheDirectory && join(settings.cacheDirectory, `service-${contracts.ServiceLevel.toLowerCase()}.jsonl`),
  );
  const prover = new StateProver(beacon, prove);
  const make: Record<LoopName, () => Loop> = {
    reports: () => new ReportsLoop(keeper),
    sla: () =>
      new SlaLoop(keeper, {
        tracker: new ParticipationTracker(
          beacon,
          settings.cacheDirectory === undefined ? undefined : new DutyStore(join(settings.cacheDirectory, "duties")),
        ),
        ledger,
        witness: witnessOf(keeper, fleetMetrics),
        listener: fleetMetrics,
        prover,
      }),
    deposits: () => new DepositsLoop(keeper, prover),
    withdrawals: () => new WithdrawalsLoop(keeper),
    exits: () => new ExitsLoop(keeper),
    watch: () =>
      new WatchLoop(keeper, { protocol: new ProtocolMetrics(metrics.registry), fleet: fleetMetrics, ledger }),
  };
  return { loops: settings.loops.map((name) => make[name]()), metrics, registry: metrics.registry, intervals };
}

function witnessOf({ settings, protocol, fleet, clock }: Keeper, metrics: FleetMetrics): UptimeWitness | undefined {
  if (!settings.prometheus) return undefined;
  return new UptimeWitness(settings.prometheus, {
    windowStart: async (window) => {
      const epochs = await protocol.client.readContract({
        address: protocol.contracts.ServiceLevel,
        abi: SERVICE_LEVEL_ABI,
        functionName: "windowEpochs",
      });
      return epochStart(await protocol.beacon.parameters(), window * Number(epochs));
    },
    operatorName: async (operatorId) => {
      const { operators } = await fleet.view(await clock.stableBlock());
      return operators.get(operatorId)?.name ?? String(operatorId);
    },
    note: (operatorId, name, difference) =>
      metrics.operator({ operatorId, name }, "uptime_disagreement_ratio", difference),
  });
}

/** A beacon node of another network would have the keeper report that network's balances. */
async function requireOneNetwork(settings: KeeperSettings, beacon: BeaconReader): Promise<void> {
  const { chainId, address } = await beacon.depositContract();
  const wanted = settings.contracts.DepositContract;
  if (chainId !== settings.chainId || address.toLowerCase() !== wanted.toLowerCase())
    throw new OtherNetworkError(`${address} on chain ${chainId}`, `${wanted} on chain ${settings.chainId}`);
}
