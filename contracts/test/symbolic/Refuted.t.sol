// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {QueueMath} from "../../src/libraries/QueueMath.sol";
import {ShareMath} from "../../src/libraries/ShareMath.sol";
import {Waterfall} from "../../src/libraries/Waterfall.sol";

/// @dev Properties that do not hold. The runner expects a counterexample for each: a prover that proves these proves nothing.
contract RefutedProperties {
    function check_stakingAlwaysGivesShares(uint96 assets, uint96 pooled, uint96 supply) public pure {
        assert(assets == 0 || ShareMath.toShares(assets, pooled, supply) > 0);
    }

    function check_sharesAreEther(uint16 assets, uint16 pooled, uint16 supply) public pure {
        assert(ShareMath.toShares(assets, pooled, supply) == assets);
    }

    /// @dev Rounding takes a wei.
    function check_partsPayTheWhole(uint16 one, uint16 other, uint96 rate) public pure {
        uint256 parts = QueueMath.assetsOf(one, rate) + QueueMath.assetsOf(other, rate);
        assert(parts == QueueMath.assetsOf(uint256(one) + other, rate));
    }

    /// @dev They fill what is left of a loss as well.
    function check_rewardsStayWithinTheHeadroom(uint96 vaulted, uint96 headroom, uint96 uncovered) public pure {
        assert(Waterfall.rewardsTaken(vaulted, headroom, 0, uncovered) <= headroom);
    }
}
