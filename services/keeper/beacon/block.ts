import type { Address, Hex } from "viem";
import { z } from "zod";

/** An attestation as a block carries it (phase0/beacon-chain.md, Attestation; electra/beacon-chain.md for committeeBits). */
export interface Attestation {
  /** SSZ bitlist in hex. */
  readonly aggregationBits: Hex;
  /** SSZ bitvector in hex; since Electra. */
  readonly committeeBits: Hex | undefined;
  readonly slot: number;
  /** Committee; 0 since Electra, where committeeBits name them. */
  readonly index: number;
  readonly headRoot: Hex;
  readonly sourceEpoch: number;
  readonly targetEpoch: number;
  readonly targetRoot: Hex;
}

/** A block, as far as the keeper looks. */
export interface BeaconBlock {
  readonly slot: number;
  readonly parentRoot: Hex;
  readonly stateRoot: Hex;
  readonly proposerIndex: number;
  readonly attestations: readonly Attestation[];
  /** Validators whose slashing it carries. */
  readonly slashed: readonly number[];
  /** Validators whose voluntary exit it carries. */
  readonly exited: readonly number[];
  /** Withdrawal requests for whole exits (EIP-7002), from whatever address. The chain may have dropped them. */
  readonly exitRequests: readonly { readonly source: Address; readonly publicKey: Hex }[];
  readonly payload: {
    readonly blockNumber: bigint;
    readonly feeRecipient: Address;
    /** Unix seconds. */
    readonly timestamp: number;
    readonly withdrawals: readonly { readonly index: number; readonly amountGwei: bigint }[];
  };
}

const indexed = z.object({ attesting_indices: z.array(z.coerce.number()) });
const signedHeader = z.object({ message: z.object({ proposer_index: z.coerce.number() }) });
const attestationSchema = z.object({
  aggregation_bits: z.string(),
  committee_bits: z.string().optional(),
  data: z.object({
    slot: z.coerce.number(),
    index: z.coerce.number(),
    beacon_block_root: z.string(),
    source: z.object({ epoch: z.coerce.number() }),
    target: z.object({ epoch: z.coerce.number(), root: z.string() }),
  }),
});

/** Answer of `GET /eth/v2/beacon/blocks/{block_id}`, Capella and later. */
export const blockSchema = z
  .object({
    data: z.object({
      message: z.object({
        slot: z.coerce.number(),
        proposer_index: z.coerce.number(),
        parent_root: z.string(),
        state_root: z.string(),
        body: z.object({
          attestations: z.array(attestationSchema),
          attester_slashings: z.array(z.object({ attestation_1: indexed, attestation_2: indexed })),
          proposer_slashings: z.array(z.object({ signed_header_1: signedHeader })),
          voluntary_exits: z.array(z.object({ message: z.object({ validator_index: z.coerce.number() }) })),
          execution_payload: z.object({
            block_number: z.coerce.bigint(),
            fee_recipient: z.string(),
            timestamp: z.coerce.number(),
            withdrawals: z.array(z.object({ validator_index: z.coerce.number(), amount: z.coerce.bigint() })),
          }),
          execution_requests: z
            .object({
              withdrawals: z.array(
                z.object({ source_address: z.string(), validator_pubkey: z.string(), amount: z.coerce.bigint() }),
              ),
            })
            .optional(),
        }),
      }),
    }),
  })
  .transform(({ data: { message } }): BeaconBlock => {
    const { body } = message;
    const payload = body.execution_payload;
    return {
      slot: message.slot,
      parentRoot: message.parent_root as Hex,
      stateRoot: message.state_root as Hex,
      proposerIndex: message.proposer_index,
      attestations: body.attestations.map(({ aggregation_bits, committee_bits, data }) => ({
        aggregationBits: aggregation_bits as Hex,
        committeeBits: committee_bits as Hex | undefined,
        slot: data.slot,
        index: data.index,
        headRoot: data.beacon_block_root as Hex,
        sourceEpoch: data.source.epoch,
        targetEpoch: data.target.epoch,
        targetRoot: data.target.root as Hex,
      })),
      slashed: [
        ...body.proposer_slashings.map(({ signed_header_1 }) => signed_header_1.message.proposer_index),
        // Slashed are those in both (phase0/beacon-chain.md, process_attester_slashing).
        ...body.attester_slashings.flatMap(({ attestation_1, attestation_2 }) => {
          const second = new Set(attestation_2.attesting_indices);
          return attestation_1.attesting_indices.filter((index) => second.has(index));
        }),
      ],
      exited: body.voluntary_exits.map(({ message: exit }) => exit.validator_index),
      exitRequests: (body.execution_requests?.withdrawals ?? []).flatMap(
        ({ source_address, validator_pubkey, amount }) =>
          amount === 0n
            ? [{ source: source_address as Address, publicKey: validator_pubkey.toLowerCase() as Hex }]
            : [],
      ),
      payload: {
        blockNumber: payload.block_number,
        feeRecipient: payload.fee_recipient as Address,
        timestamp: payload.timestamp,
        withdrawals: payload.withdrawals.map(({ validator_index: index, amount }) => ({ index, amountGwei: amount })),
      },
    };
  });
