// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {RewardDistribution} from "../../src/RewardDistribution.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "../support/Base.sol";

/// @dev Deployment, parameters, agreement, the pause, and stray ether.
contract RewardDistributionTest is Base {
    function outOfBounds(uint256 value, uint256 minimum, uint256 maximum) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionInvalidParameter.selector, value, minimum, maximum
            )
        );
    }

    function emits() private {
        vm.expectEmit(address(distribution));
    }

    /* DEPLOYMENT */

    /// @dev Deploys an implementation: the module whose number is given is left out.
    function deploy(uint256 missing, IRewardDistribution.ChainTime memory time) public returns (RewardDistribution) {
        address[5] memory modules =
            [address(pool), address(registry), address(coverageFund), address(consensus), address(lossReview)];
        if (missing < 5) modules[missing] = address(0);
        return RewardDistribution(payable(implementation("RewardDistribution", abi.encode(modules, time))));
    }

    function test_constructor_needsItsModules() public {
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
            this.deploy(i, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 32, 225));
        }
    }

    function test_constructor_bounds() public {
        outOfBounds(0, 1, 60);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 0, 32, 225));
        outOfBounds(61, 1, 60);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 61, 32, 225));
        outOfBounds(0, 1, 1024);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 0, 225));
        outOfBounds(1025, 1, 1024);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 1025, 225));
        outOfBounds(0, 1, 450);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 32, 0));
        outOfBounds(451, 1, 450);
        this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 32, 451));
        this.deploy(5, IRewardDistribution.ChainTime(0, 1, 1, 1));
        RewardDistribution most = this.deploy(5, IRewardDistribution.ChainTime(7, 60, 1024, 450));
        assertEq(most.genesisTime(), 7);
        assertEq(most.secondsPerSlot(), 60);
        assertEq(most.slotsPerEpoch(), 1024);
        assertEq(most.minEpochsPerFrame(), 450);
    }

    function test_initialize_state() public {
        assertEq(address(distribution.pool()), address(pool));
        assertEq(address(distribution.registry()), address(registry));
        assertEq(address(distribution.coverageFund()), address(coverageFund));
        assertEq(address(distribution.consensus()), address(consensus));
        assertEq(address(distribution.lossReview()), address(lossReview));
        assertEq(distribution.maxIncreaseBps(), 10);
        assertEq(distribution.maxLossBps(), 100);
        assertEq(distribution.protocolFeeBps(), 500);
        assertEq(distribution.operatorFeeBps(), 200);
        assertEq(distribution.epochsPerFrame(), EPOCHS_PER_FRAME);
        assertEq(distribution.treasury(), treasury);
        assertEq(distribution.lastRefSlot(), 0);
        assertEq(distribution.creditedValidators(), 0);
        assertEq(distribution.slashedValidators(), 0);
        assertTrue(distribution.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(distribution.hasRole(distribution.PARAMETER_ROLE(), admin));
        address target = address(this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 32, 225)));
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(RewardDistribution.initialize, (address(0), treasury)));
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(RewardDistribution.initialize, (admin, address(0))));
    }

    function test_constants() public view {
        assertEq(distribution.MAX_MAX_INCREASE_BPS(), 100);
        assertEq(distribution.MAX_MAX_LOSS_BPS(), 500);
        assertEq(distribution.MAX_PROTOCOL_FEE_BPS(), 1000);
        assertEq(distribution.MAX_OPERATOR_FEE_BPS(), 1000);
        assertEq(distribution.MAX_EPOCHS_PER_FRAME(), 450);
        assertEq(distribution.UNREVIEWED_EXITS(), 16);
        assertEq(distribution.UNREVIEWED_EXITS_BPS(), 500);
        assertEq(distribution.MAX_VALIDATOR_BALANCE(), 2048 ether);
    }

    /* PARAMETERS */

    function test_parameters_withinBounds() public {
        vm.startPrank(parameters);
        outOfBounds(0, 1, 100);
        distribution.setMaxIncreaseBps(0);
        outOfBounds(101, 1, 100);
        distribution.setMaxIncreaseBps(101);
        distribution.setMaxIncreaseBps(1);
        emits();
        emit IRewardDistribution.MaxIncreaseBpsSet(100);
        distribution.setMaxIncreaseBps(100);
        assertEq(distribution.maxIncreaseBps(), 100);

        outOfBounds(0, 1, 500);
        distribution.setMaxLossBps(0);
        outOfBounds(501, 1, 500);
        distribution.setMaxLossBps(501);
        distribution.setMaxLossBps(1);
        emits();
        emit IRewardDistribution.MaxLossBpsSet(500);
        distribution.setMaxLossBps(500);
        assertEq(distribution.maxLossBps(), 500);

        outOfBounds(1001, 0, 1000);
        distribution.setProtocolFeeBps(1001);
        distribution.setProtocolFeeBps(0);
        emits();
        emit IRewardDistribution.ProtocolFeeBpsSet(1000);
        distribution.setProtocolFeeBps(1000);
        assertEq(distribution.protocolFeeBps(), 1000);

        outOfBounds(1001, 0, 1000);
        distribution.setOperatorFeeBps(1001);
        distribution.setOperatorFeeBps(0);
        emits();
        emit IRewardDistribution.OperatorFeeBpsSet(1000);
        distribution.setOperatorFeeBps(1000);
        assertEq(distribution.operatorFeeBps(), 1000);

        outOfBounds(224, 225, 450);
        distribution.setEpochsPerFrame(224);
        outOfBounds(451, 225, 450);
        distribution.setEpochsPerFrame(451);
        emits();
        emit IRewardDistribution.EpochsPerFrameSet(450);
        distribution.setEpochsPerFrame(450);
        assertEq(distribution.epochsPerFrame(), 450);
        distribution.setEpochsPerFrame(225);

        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        distribution.setTreasury(address(0));
        emits();
        emit IRewardDistribution.TreasurySet(bob);
        distribution.setTreasury(bob);
        assertEq(distribution.treasury(), bob);
        vm.stopPrank();
    }

    function test_parameters_rolesOnly() public {
        bytes memory refused = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, admin, distribution.PARAMETER_ROLE()
        );
        vm.startPrank(admin);
        vm.expectRevert(refused);
        distribution.setMaxIncreaseBps(1);
        vm.expectRevert(refused);
        distribution.setMaxLossBps(1);
        vm.expectRevert(refused);
        distribution.setProtocolFeeBps(1);
        vm.expectRevert(refused);
        distribution.setOperatorFeeBps(1);
        vm.expectRevert(refused);
        distribution.setEpochsPerFrame(225);
        vm.expectRevert(refused);
        distribution.setTreasury(admin);
        vm.stopPrank();
    }

    /* AGREEMENT */

    function test_agreement_isNeeded() public {
        stakeAs(alice, 10 ether);
        IRewardDistribution.Report memory report = reportOf(0);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistribution.RewardDistributionNotAgreed.selector, bytes32(0), digest)
        );
        distribution.settleRewards(report, noUpdates());
        vm.prank(members[0]);
        consensus.vote(Lanes.REPORT, digest);
        // The votes of another lane do not count.
        agree(Lanes.SERVICE_LEVEL, digest);
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistribution.RewardDistributionNotAgreed.selector, bytes32(0), digest)
        );
        distribution.settleRewards(report, noUpdates());
        vm.prank(members[1]);
        consensus.vote(Lanes.REPORT, digest);
        vm.prank(mallory);
        assertEq(distribution.settleRewards(report, noUpdates()), 1 ether);
    }

    function expectNotAgreed(IRewardDistribution.Report memory report) private {
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistribution.RewardDistributionNotAgreed.selector, bytes32(0), digest)
        );
        distribution.settleRewards(report, noUpdates());
    }

    /// @dev The attack: members agree on a report and are removed for it; who kept it settles it after them.
    function test_agreement_endsWithItsVoters() public {
        IRewardDistribution.Report memory report = reportOf(0);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        agree(Lanes.REPORT, digest);
        vm.startPrank(membership);
        consensus.removeMember(members[0]);
        consensus.removeMember(members[1]);
        vm.stopPrank();
        expectNotAgreed(report);
        vm.prank(membership);
        consensus.addMember(alice);
        vm.prank(membership);
        consensus.setMinimumQuorum(2);
        expectNotAgreed(report);
        // What is true, those who are left agree on again.
        vm.prank(alice);
        consensus.vote(Lanes.REPORT, digest);
        distribution.settleRewards(report, noUpdates());
    }

    /// @dev Whatever of the report or the updates is changed after the vote makes it another statement.
    function test_agreement_coversEverything() public {
        operatorWithKeys(manager, 0, 1);
        IRewardDistribution.Report memory report = reportOf(0);
        IOperatorRegistry.OperatorUpdate[] memory updates = oneUpdate(1, 0, 0, 0);
        bytes32 digest = distribution.reportDigest(report, updates);
        agree(Lanes.REPORT, digest);
        for (uint256 i = 0; i < 12; ++i) {
            IRewardDistribution.Report memory other = abi.decode(abi.encode(report), (IRewardDistribution.Report));
            IOperatorRegistry.OperatorUpdate[] memory news =
                abi.decode(abi.encode(updates), (IOperatorRegistry.OperatorUpdate[]));
            if (i == 0) other.refSlot += uint64(SLOTS_PER_FRAME);
            if (i == 1) other.beaconBalance += 1;
            if (i == 2) other.creditedValidators += 1;
            if (i == 3) other.slashedValidators += 1;
            if (i == 4) other.withdrawalVaultBalance += 1;
            if (i == 5) other.executionVaultBalance += 1;
            if (i == 6) other.finalizeUpTo += 1;
            if (i == 7) news[0].operatorId = 2;
            if (i == 8) news[0].exitedKeys = 1;
            if (i == 9) news[0].stuckKeys = 1;
            if (i == 10) news[0].loss = 1;
            if (i == 11) news = noUpdates();
            bytes32 expected = distribution.reportDigest(other, news);
            vm.expectRevert(
                abi.encodeWithSelector(IRewardDistribution.RewardDistributionNotAgreed.selector, digest, expected)
            );
            distribution.settleRewards(other, news);
        }
        distribution.settleRewards(report, updates);
    }

    function test_digest_isBoundToChainAndContract() public {
        IRewardDistribution.Report memory report = reportOf(0);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        assertEq(
            digest, keccak256(abi.encode("settleRewards", block.chainid, address(distribution), report, noUpdates()))
        );
        RewardDistribution other = this.deploy(5, IRewardDistribution.ChainTime(GENESIS_TIME, 12, 32, 225));
        assertNotEq(other.reportDigest(report, noUpdates()), digest);
        vm.chainId(block.chainid + 1);
        assertNotEq(distribution.reportDigest(report, noUpdates()), digest);
    }

    /* PAUSE */

    function test_pause_stopsSettlements() public {
        IRewardDistribution.Report memory report = reportOf(0);
        agree(Lanes.REPORT, distribution.reportDigest(report, noUpdates()));
        uint256 until = block.timestamp + 3 days;
        emits();
        emit IExpiringPause.Paused(pauser, until);
        vm.prank(pauser);
        distribution.pause();
        vm.warp(until - 1);
        assertTrue(distribution.paused());
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, until));
        distribution.settleRewards(report, noUpdates());
        vm.warp(until);
        assertFalse(distribution.paused());
        distribution.settleRewards(report, noUpdates());
    }

    function test_pause_resumes() public {
        IRewardDistribution.Report memory report = reportOf(0);
        agree(Lanes.REPORT, distribution.reportDigest(report, noUpdates()));
        vm.prank(pauser);
        distribution.pause();
        emits();
        emit IExpiringPause.Unpaused(resumer);
        vm.prank(resumer);
        distribution.unpause();
        distribution.settleRewards(report, noUpdates());
    }

    /// @dev A pause cannot be renewed before as much time without one has passed; ending it early changes nothing in that.
    function test_pause_notAgainAtOnce() public {
        uint256 from = block.timestamp + 6 days;
        vm.prank(pauser);
        distribution.pause();
        assertEq(distribution.pausedUntil(), block.timestamp + 3 days);
        assertEq(distribution.nextPauseFrom(), from);
        vm.prank(resumer);
        distribution.unpause();
        assertEq(distribution.pausedUntil(), block.timestamp);
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.PauseTooSoon.selector, from));
        vm.prank(pauser);
        distribution.pause();
        vm.expectRevert(IExpiringPause.ExpectedPause.selector);
        vm.prank(resumer);
        distribution.unpause();
        vm.warp(from);
        vm.prank(pauser);
        distribution.pause();
        assertTrue(distribution.paused());
    }

    function test_pause_rolesOnly() public {
        bytes32 role = distribution.PAUSER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, resumer, role));
        vm.prank(resumer);
        distribution.pause();
        vm.prank(pauser);
        distribution.pause();
        role = distribution.RESUMER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, pauser, role));
        vm.prank(pauser);
        distribution.unpause();
    }

    /* ETHER */

    function test_receive_onlyFromBondsAndCoverage() public {
        address[4] memory others = [alice, address(pool), address(deposits), treasury];
        for (uint256 i = 0; i < 4; ++i) {
            vm.deal(others[i], 1 ether);
            vm.prank(others[i]);
            (bool ok, bytes memory reason) = address(distribution).call{value: 1 ether}("");
            assertFalse(ok);
            assertEq(
                reason,
                abi.encodeWithSelector(
                    IRewardDistribution.RewardDistributionUnexpectedEther.selector, others[i], 1 ether
                )
            );
        }
        address[2] memory sources = [address(registry), address(coverageFund)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal(sources[i], 1 ether);
            vm.prank(sources[i]);
            (bool ok,) = address(distribution).call{value: 1 ether}("");
            assertTrue(ok);
        }
    }
}
