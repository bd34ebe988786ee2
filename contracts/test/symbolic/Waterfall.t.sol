// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Waterfall} from "../../src/libraries/Waterfall.sol";

/// @dev Who gains and who bears, for every report: 96 bits of wei are more than all ether.
contract WaterfallProperties {
    function check_aReportGainsOrLosesNeverBoth(uint96 expected, uint96 actual, uint96 headroom) public pure {
        (uint256 gain, uint256 loss) = Waterfall.result(expected, actual, headroom);
        assert(gain == 0 || loss == 0);
        assert(gain <= headroom);
        assert(loss <= expected);
    }

    /// @dev The pool has the validators at what is there, and at less only where the bound holds a gain back.
    function check_aReportNeverInventsEther(uint96 expected, uint96 actual, uint96 headroom) public pure {
        (uint256 gain, uint256 loss) = Waterfall.result(expected, actual, headroom);
        uint256 recognised = uint256(expected) + gain - loss;
        assert(recognised <= actual);
        assert(recognised == actual || gain == headroom);
    }

    function check_chargedBondsPayOrAreLeftOver(uint96 loss, uint96 charged) public pure {
        (uint256 paid, uint256 surplus) = Waterfall.fromBonds(loss, charged);
        assert(paid + surplus == charged);
        assert(paid <= loss);
        // Nothing is left over while the loss is not paid.
        assert(surplus == 0 || paid == loss);
    }

    /// @dev Each wei of a loss is borne once: by bonds, by a fund that has so much, or by the rate.
    function check_eachWeiOfALossIsBorneOnce(uint96 loss, uint96 charged, uint96 fund) public pure {
        (uint256 fromBonds,) = Waterfall.fromBonds(loss, charged);
        uint256 covered = Math.min(loss - fromBonds, fund);
        uint256 uncovered = loss - fromBonds - covered;
        assert(fromBonds + covered + uncovered == loss);
        // Each bears only what those before it cannot.
        assert(covered == 0 || fromBonds == charged);
        assert(uncovered == 0 || (fromBonds == charged && covered == fund));
    }

    /// @dev Taken rewards keep the rise within the headroom, and only the headroom or an empty vault ends them.
    function check_rewardsKeepTheRiseWithinTheHeadroom(uint96 vaulted, uint96 headroom, uint96 gain, uint96 uncovered)
        public
        pure
    {
        if (gain > headroom) return;
        uint256 rewards = Waterfall.rewardsTaken(vaulted, headroom, gain, uncovered);
        assert(rewards <= vaulted);
        assert(gain + rewards <= uint256(headroom) + uncovered);
        assert(rewards == vaulted || gain + rewards == uint256(headroom) + uncovered);
    }

    /// @dev Fees are a part of the net gain, whatever the shares of both are as long as they are at most the whole.
    function check_feesNeverExceedTheNetGain(
        uint96 gain,
        uint96 rewards,
        uint96 uncovered,
        uint16 protocolBps,
        uint16 operatorBps
    ) public pure {
        if (uint256(protocolBps) + operatorBps > Waterfall.BASIS_POINTS) return;
        (uint256 protocolFee, uint256 operatorFee) = Waterfall.fees(gain, rewards, uncovered, protocolBps, operatorBps);
        assert(protocolFee + operatorFee <= Math.saturatingSub(uint256(gain) + rewards, uncovered));
    }

    function check_noFeesWithoutANetGain(
        uint96 gain,
        uint96 rewards,
        uint96 uncovered,
        uint16 protocolBps,
        uint16 operatorBps
    ) public pure {
        if (uint256(gain) + rewards > uncovered) return;
        (uint256 protocolFee, uint256 operatorFee) = Waterfall.fees(gain, rewards, uncovered, protocolBps, operatorBps);
        assert(protocolFee == 0 && operatorFee == 0);
    }

    /// @dev More of a gain never lowers what is left of it after the fees.
    function check_aLargerGainNeverLeavesLess(uint96 less, uint96 more, uint16 protocolBps, uint16 operatorBps)
        public
        pure
    {
        if (less > more || uint256(protocolBps) + operatorBps > Waterfall.BASIS_POINTS) return;
        (uint256 ofLess, uint256 alsoOfLess) = Waterfall.fees(less, 0, 0, protocolBps, operatorBps);
        (uint256 ofMore, uint256 alsoOfMore) = Waterfall.fees(more, 0, 0, protocolBps, operatorBps);
        assert(less - ofLess - alsoOfLess <= more - ofMore - alsoOfMore + 1);
    }
}
