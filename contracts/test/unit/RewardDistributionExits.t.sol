// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Base} from "../support/Base.sol";

/// @dev Validators that left free their bonds: how many of them a report may name without the reviewers.
contract RewardDistributionExitsTest is Base {
    /// @dev Two operators with so many active validators each.
    function twoOperators(uint256 each) private {
        address[2] memory managers = [manager, bob];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 operatorId = registerAs(managers[i], each * BOND_PER_KEY);
            uint256 first = i * each;
            for (uint256 left = each; left != 0;) {
                uint256 count = left < 100 ? left : 100;
                submitAs(managers[i], first + each - left, count);
                left -= count;
            }
            vet(operatorId, each);
            stakeAs(alice, each * 32 ether);
            for (uint256 left = each; left != 0;) {
                uint256 count = left < 100 ? left : 100;
                depositKeys(first + each - left, count);
                left -= count;
            }
        }
        assertEq(registry.activeKeys(), 2 * each);
    }

    /// @dev So many validators of each operator have left altogether.
    function exits(uint256 first, uint256 second)
        private
        pure
        returns (IOperatorRegistry.OperatorUpdate[] memory updates)
    {
        updates = new IOperatorRegistry.OperatorUpdate[](2);
        updates[0] = IOperatorRegistry.OperatorUpdate(1, uint32(first), 0, 0);
        updates[1] = IOperatorRegistry.OperatorUpdate(2, uint32(second), 0, 0);
    }

    /// @dev A report without gain or loss.
    function quiet() private returns (IRewardDistribution.Report memory) {
        return reportOf(pool.beaconEther());
    }

    /// @dev Settles without a review.
    function pass(uint256 first, uint256 second) private {
        uint256 active = registry.activeKeys();
        uint256 before = registry.operator(1).exitedKeys + registry.operator(2).exitedKeys;
        settle(quiet(), exits(first, second));
        assertEq(registry.activeKeys(), active + before - first - second);
    }

    function notReviewed(
        IRewardDistribution.Report memory report,
        IOperatorRegistry.OperatorUpdate[] memory updates,
        uint256 left,
        uint256 limit,
        bytes32 reviewed
    ) private {
        bytes32 digest = distribution.reportDigest(report, updates);
        agree(0, digest);
        uint256 active = registry.activeKeys();
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionExitsNotReviewed.selector, left, limit, reviewed, digest
            )
        );
        distribution.settleRewards(report, updates);
        assertEq(registry.activeKeys(), active);
    }

    function test_exits_sixteenNeedNoReview() public {
        twoOperators(20);
        pass(10, 6);
    }

    /// @dev Of one operator or of several.
    function test_exits_seventeenNeedAReview() public {
        twoOperators(20);
        IRewardDistribution.Report memory report = quiet();
        notReviewed(report, exits(17, 0), 17, 16, bytes32(0));
        notReviewed(report, exits(8, 9), 17, 16, bytes32(0));
        notReviewed(report, exits(20, 20), 40, 16, bytes32(0));
        // The reviewers agreed on something else.
        bytes32 other = distribution.reportDigest(report, exits(8, 9));
        review(other);
        notReviewed(report, exits(9, 8), 17, 16, other);
        settle(report, exits(8, 9));
        assertEq(registry.activeKeys(), 23);
        assertEq(registry.operator(1).exitedKeys, 8);
        assertEq(registry.operator(2).exitedKeys, 9);
    }

    function test_exits_allOfThemWithAReview() public {
        twoOperators(20);
        IRewardDistribution.Report memory report = quiet();
        review(distribution.reportDigest(report, exits(20, 20)));
        settle(report, exits(20, 20));
        assertEq(registry.activeKeys(), 0);
    }

    /// @dev A bond is not free while the exits that would free it wait for the reviewers.
    function test_exits_bondsAreLockedUntilTheReview() public {
        twoOperators(20);
        IRewardDistribution.Report memory report = quiet();
        notReviewed(report, exits(17, 0), 17, 16, bytes32(0));
        assertEq(registry.excessBondOf(1), 0);
        review(distribution.reportDigest(report, exits(17, 0)));
        settle(report, exits(17, 0));
        assertEq(registry.excessBondOf(1), 17 * BOND_PER_KEY);
    }

    /// @dev Only those that are new count, and a review holds for one report.
    function test_exits_ofEarlierReportsDoNotCount() public {
        twoOperators(40);
        pass(16, 0);
        notReviewed(quiet(), exits(20, 13), 17, 16, bytes32(0));
        pass(20, 12);
        IRewardDistribution.Report memory report = quiet();
        bytes32 digest = distribution.reportDigest(report, exits(37, 12));
        review(digest);
        settle(report, exits(37, 12));
        notReviewed(quiet(), exits(37, 29), 17, 16, digest);
        pass(37, 28);
    }

    /// @dev A twentieth of those that were active before the report, when that is more than 16.
    function test_exits_aTwentiethNeedsNoReview() public {
        twoOperators(180);
        IRewardDistribution.Report memory report = quiet();
        notReviewed(report, exits(10, 9), 19, 18, bytes32(0));
        settle(report, exits(9, 9));
        assertEq(registry.activeKeys(), 342);
        // 17.1: rounded down.
        notReviewed(quiet(), exits(9 + 9, 9 + 9), 18, 17, bytes32(0));
        pass(9 + 17, 9);
    }

    /// @dev Sixteen up to 339 validators, a twentieth from 340 on.
    function test_exits_whereBothLimitsMeet() public {
        twoOperators(170);
        notReviewed(quiet(), exits(9, 9), 18, 17, bytes32(0));
        pass(1, 0);
        // 339 are left: 16.95.
        notReviewed(quiet(), exits(1 + 17, 0), 17, 16, bytes32(0));
        pass(1 + 16, 0);
    }
}
