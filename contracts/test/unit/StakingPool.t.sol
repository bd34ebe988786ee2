// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {IDepositContract} from "../../src/interfaces/IDepositContract.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {Base} from "../support/Base.sol";

contract StakingPoolTest is Base {
    function unauthorized(address account, bytes32 role) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role);
    }

    /* INITIALISATION */

    function test_initialize_state() public view {
        assertEq(pool.name(), "ethstake Staked Ether");
        assertEq(pool.symbol(), "ethSTAKE");
        assertEq(pool.decimals(), 18);
        assertEq(address(pool.depositContract()), address(depositContract));
        assertEq(address(pool.operatorRegistry()), address(registry));
        assertEq(address(pool.withdrawalVault()), address(withdrawalVault));
        assertEq(address(pool.executionRewardsVault()), address(rewardsVault));
        assertEq(pool.stakeCap(), 32_000 ether);
        assertEq(pool.minimumStake(), 0.001 ether);
        assertEq(pool.maxSettlementBps(), 100);
        assertEq(pool.settlementInterval(), 0);
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(pool.totalPooledEther(), 0);
        assertFalse(pool.paused());
    }

    function test_initialize_adminHoldsOnlyTheAdminRole() public view {
        assertTrue(pool.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(pool.hasRole(pool.UPGRADER_ROLE(), admin));
        assertFalse(pool.hasRole(pool.PAUSER_ROLE(), admin));
        assertFalse(pool.hasRole(pool.PARAMETER_ROLE(), admin));
        assertFalse(pool.hasRole(pool.DEPOSITOR_ROLE(), admin));
        assertFalse(pool.hasRole(pool.REPORTER_ROLE(), admin));
    }

    function test_initialize_revertsOnZeroAddresses() public {
        address[4] memory valid = [admin, address(registry), address(withdrawalVault), address(rewardsVault)];
        address implementation = address(new StakingPool(depositContract));
        for (uint256 i = 0; i < 4; ++i) {
            address[4] memory given = valid;
            given[i] = address(0);
            bytes memory data = abi.encodeCall(StakingPool.initialize, (given[0], given[1], given[2], given[3]));
            vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
            proxy(implementation, data);
        }
    }

    function test_constructor_revertsOnZeroDepositContract() public {
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        new StakingPool(IDepositContract(address(0)));
    }

    /* STAKE */

    function test_stake_mintsAtTheRate() public {
        vm.expectEmit(address(pool));
        emit IStakingPool.Staked(alice, bob, mallory, 10 ether, 10 ether);
        vm.prank(alice);
        uint256 shares = pool.stake{value: 10 ether}(bob, 10 ether, mallory);
        assertEq(shares, 10 ether);
        assertEq(pool.balanceOf(bob), 10 ether);
        assertEq(pool.bufferedEther(), 10 ether);
        assertEq(pool.totalPooledEther(), 10 ether);
        assertEq(address(pool).balance, 10 ether);
    }

    function test_stake_acceptsTheMinimumExactly() public {
        assertEq(stakeAs(alice, 0.001 ether), 0.001 ether);
    }

    function test_stake_revertsBelowMinimum() public {
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolBelowMinimumStake.selector, 0.001 ether - 1, 0.001 ether)
        );
        stakeAs(alice, 0.001 ether - 1);
    }

    function test_stake_fillsTheCapExactlyAndNoMore() public {
        stakeAs(alice, 32_000 ether - 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolStakeCapExceeded.selector, 32_000 ether + 1, 32_000 ether)
        );
        stakeAs(alice, 1 ether + 1);
        stakeAs(alice, 1 ether);
        assertEq(pool.totalPooledEther(), 32_000 ether);
    }

    function test_stake_capCountsDepositedEther() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 64 ether);
        depositAs(depositor, 2);
        vm.prank(parameters);
        pool.setStakeCap(65 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolStakeCapExceeded.selector, 66 ether, 65 ether));
        stakeAs(alice, 2 ether);
    }

    function test_stake_revertsOnTooFewShares() public {
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientShares.selector, 1 ether, 1 ether + 1)
        );
        vm.prank(alice);
        pool.stake{value: 1 ether}(alice, 1 ether + 1, address(0));
    }

    function test_stake_revertsOnZeroShares() public {
        // A rate far beyond what settlements can reach, by writing nearly 1e25 wei into the buffer.
        bytes32 slot = 0x0dfff68bdf3e95d425022297055a4db964e6787ba81a17846f9edb5ad9a95100;
        vm.store(address(pool), slot, bytes32(uint256(1e25 - 32 ether)));
        vm.startPrank(parameters);
        pool.setStakeCap(10_000_000 ether);
        pool.setMinimumStake(1 gwei);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientShares.selector, 0, 0));
        stakeAs(alice, 1 gwei);
    }

    function test_stake_revertsOnZeroReceiver() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        vm.prank(alice);
        pool.stake{value: 1 ether}(address(0), 0, address(0));
    }

    function test_stake_revertsWhilePaused() public {
        vm.prank(pauser);
        pool.pause();
        vm.expectRevert(IStakingPool.EnforcedPause.selector);
        stakeAs(alice, 1 ether);
    }

    function test_receive_refusesPlainEther() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolUnexpectedEther.selector, alice, 1 ether));
        vm.prank(alice);
        (bool ok,) = address(pool).call{value: 1 ether}("");
        assertTrue(ok, "expectRevert reports success of the reverted call");
    }

    /* DEPOSIT */

    function test_deposit_makesRealDeposits() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 70 ether);
        bytes32 before = depositContract.get_deposit_root();

        vm.expectEmit(address(pool));
        emit IStakingPool.ValidatorsDeposited(2, 6 ether);
        assertEq(depositAs(depositor, 10), 2);

        assertNotEq(depositContract.get_deposit_root(), before);
        assertEq(depositCount(), 2);
        assertEq(address(depositContract).balance, 64 ether);
        assertEq(pool.bufferedEther(), 6 ether);
        assertEq(pool.depositedValidators(), 2);
        assertEq(pool.totalPooledEther(), 70 ether);
        assertEq(pool.sharePrice(), 1 ether);
        assertTrue(registry.isKeyDeposited(pubkeyOf(0)));
        assertTrue(registry.isKeyDeposited(pubkeyOf(1)));
        assertFalse(registry.isKeyDeposited(pubkeyOf(2)));
    }

    function test_deposit_sendsKeysAndCredentialsToTheContract() public {
        operatorWithKeys(manager, 7, 1);
        stakeAs(alice, 32 ether);
        vm.expectCall(
            address(depositContract),
            32 ether,
            abi.encodeWithSelector(
                IDepositContract.deposit.selector,
                pubkeyOf(7),
                abi.encodePacked(bytes1(0x01), bytes11(0), address(withdrawalVault)),
                signatureOf(7),
                referenceRoot(pubkeyOf(7), signatureOf(7))
            )
        );
        depositAs(depositor, 1);
    }

    /// @dev The deposit data root by the specification's steps, written apart from the library.
    function referenceRoot(bytes memory pubkey, bytes memory signature) private view returns (bytes32) {
        bytes memory first = new bytes(64);
        bytes memory rest = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            first[i] = signature[i];
            if (i < 32) rest[i] = signature[64 + i];
        }
        bytes32 signatureRoot = sha256(bytes.concat(sha256(first), sha256(rest)));
        bytes32 left =
            sha256(bytes.concat(sha256(bytes.concat(pubkey, new bytes(16))), withdrawalVault.withdrawalCredentials()));
        bytes32 right = sha256(bytes.concat(hex"0040597307000000", new bytes(24), signatureRoot));
        return sha256(bytes.concat(left, right));
    }

    function test_deposit_isBoundByTheKeys() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 320 ether);
        assertEq(depositAs(depositor, 10), 1);
        assertEq(pool.bufferedEther(), 288 ether);
    }

    function test_deposit_isBoundByTheRequest() public {
        operatorWithKeys(manager, 0, 5);
        stakeAs(alice, 320 ether);
        assertEq(depositAs(depositor, 2), 2);
    }

    function test_deposit_isBoundPerCall() public {
        operatorWithKeys(manager, 0, 101);
        stakeAs(alice, 32 * 101 ether);
        assertEq(depositAs(depositor, type(uint256).max), 100);
        assertEq(depositAs(depositor, type(uint256).max), 1);
    }

    function test_deposit_revertsWithNothingToDo() public {
        bytes32 root = depositContract.get_deposit_root();
        // No ether.
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 32 ether - 1);
        vm.startPrank(depositor);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolNothingToDeposit.selector, 32 ether - 1, 1));
        pool.depositToBeaconChain(1, root);
        vm.stopPrank();
        // None asked for.
        stakeAs(alice, 32 ether);
        vm.startPrank(depositor);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolNothingToDeposit.selector, 64 ether - 1, 0));
        pool.depositToBeaconChain(0, root);
        vm.stopPrank();
        // No key.
        vet(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolNothingToDeposit.selector, 64 ether - 1, 1));
        vm.prank(depositor);
        pool.depositToBeaconChain(1, root);
    }

    function test_deposit_revertsForOthers() public {
        bytes32 root = depositContract.get_deposit_root();
        bytes32 role = pool.DEPOSITOR_ROLE();
        vm.startPrank(mallory);
        vm.expectRevert(unauthorized(mallory, role));
        pool.depositToBeaconChain(1, root);
        vm.expectRevert(unauthorized(mallory, role));
        pool.depositToBeaconChainAtNonce(1, root, 0);
        vm.stopPrank();
    }

    function test_deposit_revertsWhilePaused() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 32 ether);
        vm.prank(pauser);
        pool.pause();
        bytes32 root = depositContract.get_deposit_root();
        vm.startPrank(depositor);
        vm.expectRevert(IStakingPool.EnforcedPause.selector);
        pool.depositToBeaconChain(1, root);
        vm.expectRevert(IStakingPool.EnforcedPause.selector);
        pool.depositToBeaconChainAtNonce(1, root, 1);
        vm.stopPrank();
    }

    function test_depositAtNonce_holdsTheKeysFast() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 64 ether);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        vet(1, 1);
        vm.startPrank(depositor);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolKeysNonceChanged.selector, nonce, nonce + 1));
        pool.depositToBeaconChainAtNonce(1, root, nonce);
        assertEq(pool.depositToBeaconChainAtNonce(1, root, nonce + 1), 1);
        vm.stopPrank();
    }

    function test_deposit_revertsOnKeysThatAreNotWhole() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 64 ether);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 2);
        bytes32 root = depositContract.get_deposit_root();
        bytes[3] memory answers = [
            // More keys than asked for, too few bytes of public keys, too few of signatures.
            abi.encode(pubkeys, sigs, new uint256[](2)),
            abi.encode(pubkeyOf(0), sigs, new uint256[](2)),
            abi.encode(pubkeys, signatureOf(0), new uint256[](2))
        ];
        uint256[2][3] memory lengths = [[uint256(96), 192], [uint256(48), 192], [uint256(96), 96]];
        for (uint256 i = 0; i < 3; ++i) {
            vm.mockCall(address(registry), abi.encodeWithSelector(IOperatorRegistry.takeKeys.selector), answers[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IStakingPool.StakingPoolInvalidKeys.selector, lengths[i][0], lengths[i][1], 2)
            );
            vm.prank(depositor);
            pool.depositToBeaconChain(i == 0 ? 1 : 2, root);
        }
    }

    /* SETTLEMENT */

    function test_settle_raisesTheSharePrice() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 1 ether);
        // (100.5 + V) / (100 + V) with V = 1 gwei.
        uint256 price = uint256(1e18) * (100.5 ether + 1 gwei) / (100 ether + 1 gwei);
        vm.expectEmit(address(pool));
        emit IStakingPool.ExecutionRewardsSettled(0.5 ether, 100.5 ether, price);
        vm.prank(reporter);
        (uint256 settled, uint256 newPrice) = pool.settleExecutionRewards(0.5 ether);
        assertEq(settled, 0.5 ether);
        assertEq(newPrice, price);
        assertEq(pool.sharePrice(), price);
        assertEq(pool.bufferedEther(), 100.5 ether);
        assertEq(address(pool).balance, 100.5 ether);
        assertEq(address(rewardsVault).balance, 0.5 ether);
        assertEq(pool.lastSettlement(), block.timestamp);
    }

    function test_settle_takesAtMostTheBalance() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 0.3 ether);
        assertEq(settle(type(uint256).max), 0.3 ether);
    }

    function test_settle_takesAtMostTheBound() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 50 ether);
        assertEq(settle(50 ether), 1 ether);
        assertEq(address(rewardsVault).balance, 49 ether);
        vm.prank(parameters);
        pool.setMaxSettlementBps(500);
        assertEq(settle(50 ether), 5.05 ether);
    }

    function test_settle_boundCountsDepositedEther() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 100 ether);
        depositAs(depositor, 3);
        vm.deal(address(rewardsVault), 50 ether);
        assertEq(settle(50 ether), 1 ether);
    }

    function test_settle_revertsWithNothingToSettle() public {
        // An empty pool, an empty vault, nothing asked for.
        vm.deal(address(rewardsVault), 1 ether);
        vm.startPrank(reporter);
        vm.expectRevert(IStakingPool.StakingPoolNothingToSettle.selector);
        pool.settleExecutionRewards(1 ether);
        vm.stopPrank();
        stakeAs(alice, 100 ether);
        vm.startPrank(reporter);
        vm.expectRevert(IStakingPool.StakingPoolNothingToSettle.selector);
        pool.settleExecutionRewards(0);
        vm.deal(address(rewardsVault), 0);
        vm.expectRevert(IStakingPool.StakingPoolNothingToSettle.selector);
        pool.settleExecutionRewards(1 ether);
        vm.stopPrank();
    }

    function test_settle_keepsTheInterval() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 10 ether);
        vm.prank(parameters);
        pool.setSettlementInterval(1 days);
        settle(1 ether);
        uint256 next = block.timestamp + 1 days;
        vm.warp(next - 1);
        vm.startPrank(reporter);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolSettlementTooEarly.selector, next));
        pool.settleExecutionRewards(1 ether);
        vm.stopPrank();
        vm.warp(next);
        assertEq(settle(1 ether), 1 ether);
    }

    function test_settle_worksWhilePaused() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 1 ether);
        vm.prank(pauser);
        pool.pause();
        assertEq(settle(1 ether), 1 ether);
    }

    function test_settle_revertsForOthers() public {
        bytes32 role = pool.REPORTER_ROLE();
        vm.expectRevert(unauthorized(mallory, role));
        vm.prank(mallory);
        pool.settleExecutionRewards(1);
    }

    function test_settle_revertsWhenTheVaultSendsLess() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 1 ether);
        vm.mockCall(address(rewardsVault), abi.encodeCall(rewardsVault.withdrawRewards, (1 ether)), "");
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolRewardsMismatch.selector, 1 ether, 0));
        vm.prank(reporter);
        pool.settleExecutionRewards(1 ether);
    }

    /* PARAMETERS AND PAUSE */

    function test_parameters_setWithinBounds() public {
        vm.startPrank(parameters);
        vm.expectEmit(address(pool));
        emit IStakingPool.StakeCapSet(5 ether);
        pool.setStakeCap(5 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.MinimumStakeSet(1 ether);
        pool.setMinimumStake(1 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.MaxSettlementBpsSet(7);
        pool.setMaxSettlementBps(7);
        vm.expectEmit(address(pool));
        emit IStakingPool.SettlementIntervalSet(3600);
        pool.setSettlementInterval(3600);
        vm.stopPrank();
        assertEq(pool.stakeCap(), 5 ether);
        assertEq(pool.minimumStake(), 1 ether);
        assertEq(pool.maxSettlementBps(), 7);
        assertEq(pool.settlementInterval(), 3600);
        assertFalse(pool.paused());
    }

    function test_parameters_acceptTheirBounds() public {
        vm.startPrank(parameters);
        pool.setStakeCap(0);
        pool.setStakeCap(pool.MAX_STAKE_CAP());
        pool.setMinimumStake(pool.MIN_MINIMUM_STAKE());
        pool.setMinimumStake(pool.MAX_MINIMUM_STAKE());
        pool.setMaxSettlementBps(1);
        pool.setMaxSettlementBps(pool.MAX_MAX_SETTLEMENT_BPS());
        pool.setSettlementInterval(0);
        pool.setSettlementInterval(pool.MAX_SETTLEMENT_INTERVAL());
        vm.stopPrank();
    }

    function expectOutOfBounds(uint256 value, uint256 minimum, uint256 maximum) private {
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolInvalidParameter.selector, value, minimum, maximum)
        );
    }

    function test_parameters_revertOutOfBounds() public {
        vm.startPrank(parameters);
        expectOutOfBounds(10_000_000 ether + 1, 0, 10_000_000 ether);
        pool.setStakeCap(10_000_000 ether + 1);
        expectOutOfBounds(1 gwei - 1, 1 gwei, 32 ether);
        pool.setMinimumStake(1 gwei - 1);
        expectOutOfBounds(32 ether + 1, 1 gwei, 32 ether);
        pool.setMinimumStake(32 ether + 1);
        expectOutOfBounds(0, 1, 500);
        pool.setMaxSettlementBps(0);
        expectOutOfBounds(501, 1, 500);
        pool.setMaxSettlementBps(501);
        expectOutOfBounds(7 days + 1, 0, 7 days);
        pool.setSettlementInterval(7 days + 1);
        vm.stopPrank();
    }

    function test_parameters_revertForOthers() public {
        bytes32 role = pool.PARAMETER_ROLE();
        vm.startPrank(admin);
        vm.expectRevert(unauthorized(admin, role));
        pool.setStakeCap(1);
        vm.expectRevert(unauthorized(admin, role));
        pool.setMinimumStake(1 gwei);
        vm.expectRevert(unauthorized(admin, role));
        pool.setMaxSettlementBps(1);
        vm.expectRevert(unauthorized(admin, role));
        pool.setSettlementInterval(1);
        vm.stopPrank();
    }

    function test_pause_andUnpause() public {
        vm.startPrank(pauser);
        vm.expectRevert(IStakingPool.ExpectedPause.selector);
        pool.unpause();
        vm.expectEmit(address(pool));
        emit IStakingPool.Paused(pauser);
        pool.pause();
        assertTrue(pool.paused());
        vm.expectRevert(IStakingPool.EnforcedPause.selector);
        pool.pause();
        vm.expectEmit(address(pool));
        emit IStakingPool.Unpaused(pauser);
        pool.unpause();
        assertFalse(pool.paused());
        vm.stopPrank();
        stakeAs(alice, 1 ether);
    }

    function test_pause_neverHoldsTransfers() public {
        stakeAs(alice, 1 ether);
        vm.prank(pauser);
        pool.pause();
        vm.prank(alice);
        assertTrue(pool.transfer(bob, 1 ether));
        assertEq(pool.balanceOf(bob), 1 ether);
    }

    function test_pause_revertsForOthers() public {
        bytes32 role = pool.PAUSER_ROLE();
        vm.startPrank(mallory);
        vm.expectRevert(unauthorized(mallory, role));
        pool.pause();
        vm.expectRevert(unauthorized(mallory, role));
        pool.unpause();
        vm.stopPrank();
    }

    /* TOKEN */

    function test_permit_approvesBySignature() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19\x01",
                pool.DOMAIN_SEPARATOR(),
                keccak256(abi.encode(typehash, owner, bob, 1 ether, 0, block.timestamp))
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        pool.permit(owner, bob, 1 ether, block.timestamp, v, r, s);
        assertEq(pool.allowance(owner, bob), 1 ether);
        assertEq(pool.nonces(owner), 1);
    }
}
