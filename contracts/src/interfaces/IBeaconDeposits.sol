// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "./IBeaconVerifier.sol";
import {IDepositContract} from "./IDepositContract.sol";

/// @title The way of the pool's ether to validators, in two steps.
/// @notice First 1 ether of the operator's own bond is deposited for a key. Whoever has deposited for the key before, with
/// other credentials, has then fixed those for ever, and the operator's ether is lost to it, not the pool's. Only when the
/// beacon chain shows the validator with the protocol's credentials do the other 31 ether follow, and the bond gets its
/// ether back.
///
/// That the beacon chain shows it is proven against the beacon state (EIP-4788), by anyone; on networks without EIP-4788 a
/// quorum of the oracle members attests it.
interface IBeaconDeposits {
    /// @notice Keys were pre-deposited.
    event PreDeposited(uint256 keys, bytes32 withdrawalCredentials, uint256 waitingKeys);
    /// @notice The beacon chain shows a key's credentials.
    /// @param valid Whether they are the protocol's, and the validator is neither slashed nor exiting.
    event CredentialsProven(bytes32 indexed pubkeyHash, uint256 validatorIndex, uint256 slot, bool valid);
    /// @notice A quorum attested keys' credentials.
    event CredentialsAttested(uint256 indexed nonce, uint256 valid, uint256 invalid);
    /// @notice The pool's ether followed for proven keys.
    event DepositsCompleted(uint256 keys, uint256 waitingKeys);
    /// @notice Keys that never came to the beacon chain were given up.
    event KeysAbandoned(uint256 keys);
    /// @notice Whether a quorum may attest credentials changed.
    event AttestationAllowedSet(bool attestationAllowed);

    /// @notice Someone deposited since the caller looked.
    error BeaconDepositsRootChanged(bytes32 expected, bytes32 actual);
    /// @notice The keys that come next changed since the caller looked.
    error BeaconDepositsKeysNonceChanged(uint256 expected, uint256 actual);
    /// @notice The credentials of new deposits changed since the caller looked.
    error BeaconDepositsCredentialsChanged(bytes32 expected, bytes32 actual);
    /// @notice No key, or no ether for keys beside those that wait.
    error BeaconDepositsNothingToDeposit(uint256 depositableEther, uint256 waitingKeys);
    /// @notice Not whole 48-byte keys, none, or more than one call may carry.
    error BeaconDepositsInvalidKeysLength(uint256 length, uint256 maximumKeys);
    /// @notice A quorum may not attest credentials on this network: prove them.
    error BeaconDepositsAttestationNotAllowed();
    /// @notice The proof is of a state that may be older than the key's pre-deposit: use a newer one, and not a historical one.
    error BeaconDepositsStaleProof(uint256 timestamp, uint256 historicalSlot, uint256 lastPreDeposit);
    /// @notice No quorum agreed on this statement.
    error BeaconDepositsNotAgreed(bytes32 agreed, bytes32 expected);
    /// @notice Ether is accepted from the pool and the registry only.
    error BeaconDepositsUnexpectedEther(address sender, uint256 amount);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Deposits 1 ether each of their operators' bonds for the next keys, as many as the pool has ether for.
    /// DEPOSITOR_ROLE only: it has verified the keys' signatures.
    /// @param maxKeys The most keys, at most 100.
    /// @param expectedDepositRoot The deposit contract's root at which the keys were checked.
    /// @param expectedKeysNonce The registry's nonce at which they were checked.
    /// @param expectedCredentials The withdrawal credentials that the signatures were verified for.
    /// @return keys How many.
    function preDeposit(
        uint256 maxKeys,
        bytes32 expectedDepositRoot,
        uint256 expectedKeysNonce,
        bytes32 expectedCredentials
    ) external returns (uint256 keys);

    /// @notice Proves a taken key's credentials, right or wrong, against the beacon state. Anyone.
    /// @return valid Whether they are the protocol's, and the validator is neither slashed nor exiting.
    function proveCredentials(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata proof
    ) external returns (bool valid);

    /// @notice Takes a quorum's word for keys' credentials, where that is allowed. Anyone who knows the statement.
    /// @param valid Hashes (keccak256) of the public keys with the protocol's credentials.
    /// @param invalid Hashes of those with others.
    function attestCredentials(bytes32[] calldata valid, bytes32[] calldata invalid) external;

    /// @notice Deposits the pool's ether for proven keys. Anyone: nothing about it can be chosen but the time, and which keys come
    /// first when there is not enough for all.
    /// @param pubkeys Concatenated 48-byte BLS public keys, at most 100.
    function completeDeposits(bytes calldata pubkeys) external;

    /// @notice Gives up taken keys that the beacon chain never showed, a bad signature say: they are invalid, their operators'
    /// ether is lost, and the ether that waited for them is free for others. PARAMETER_ROLE only.
    function abandonKeys(bytes32[] calldata pubkeyHashes) external;

    /// @notice Sets whether a quorum may attest credentials. UPGRADER_ROLE only: it decides what the pool's ether trusts.
    function setAttestationAllowed(bool allowed) external;

    /// @notice What the oracle members agree on to attest these keys now.
    function attestationDigest(bytes32[] calldata valid, bytes32[] calldata invalid) external view returns (bytes32);

    /// @notice Statements attested so far.
    function attestationNonce() external view returns (uint256);

    /// @notice Whether a quorum may attest credentials.
    function attestationAllowed() external view returns (bool);

    /// @notice Keys taken whose deposit is not complete.
    function waitingKeys() external view returns (uint256);

    /// @notice Keys pre-deposited since the beginning.
    function preDepositedKeys() external view returns (uint256);

    /// @notice The beacon chain's deposit contract.
    function depositContract() external view returns (IDepositContract);
}
