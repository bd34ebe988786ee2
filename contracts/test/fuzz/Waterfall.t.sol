// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {Waterfall} from "../../src/libraries/Waterfall.sol";

/// @dev Each wei of a loss is borne once, each wei of a gain enters once.
contract WaterfallTest is Test {
    /// @dev More ether than exists.
    uint256 private constant MOST = 1e27;

    function testFuzz_result_isAGainOrALoss(uint256 expected, uint256 actual, uint256 headroom) public pure {
        expected = bound(expected, 0, MOST);
        actual = bound(actual, 0, MOST);
        headroom = bound(headroom, 0, MOST);
        (uint256 gain, uint256 loss) = Waterfall.result(expected, actual, headroom);
        assertTrue(gain == 0 || loss == 0);
        assertLe(gain, headroom);
        // What is recognised: the whole loss; a gain up to the bound.
        if (actual < expected) assertEq(expected - loss, actual);
        else assertEq(gain, actual - expected < headroom ? actual - expected : headroom);
    }

    function testFuzz_fromBonds_paysOnce(uint256 loss, uint256 charged) public pure {
        loss = bound(loss, 0, MOST);
        charged = bound(charged, 0, MOST);
        (uint256 paid, uint256 surplus) = Waterfall.fromBonds(loss, charged);
        assertEq(paid + surplus, charged, "no wei of a bond is lost");
        assertLe(paid, loss);
        assertTrue(surplus == 0 || paid == loss, "nothing is left over while a loss is open");
    }

    /// @dev However gains, losses, bonds, cover and rewards come together, the pool rises by at most the headroom, and falls
    /// by at most what nobody paid.
    function testFuzz_theWholeChainIsBounded(
        uint256 expected,
        uint256 actual,
        uint256 headroom,
        uint256 charged,
        uint256 fund,
        uint256 vaulted
    ) public pure {
        expected = bound(expected, 0, MOST);
        actual = bound(actual, 0, MOST);
        headroom = bound(headroom, 0, MOST);
        (uint256 gain, uint256 loss) = Waterfall.result(expected, actual, headroom);
        (uint256 fromBonds,) = Waterfall.fromBonds(loss, bound(charged, 0, MOST));
        uint256 open = loss - fromBonds;
        fund = bound(fund, 0, MOST);
        uint256 covered = fund < open ? fund : open;
        uint256 uncovered = open - covered;
        vaulted = bound(vaulted, 0, MOST);
        uint256 rewards = Waterfall.rewardsTaken(vaulted, headroom, gain, uncovered);
        assertLe(rewards, vaulted);
        uint256 rise = gain + fromBonds + covered + rewards;
        assertLe(rise, loss + headroom, "at most the headroom on balance");
        assertGe(rise + uncovered, loss + rewards, "at most what is uncovered");
        // All of the vault is taken unless the headroom is used up.
        if (rewards < vaulted) assertEq(rise, loss + headroom);
    }

    function testFuzz_fees_areOfTheNetGain(uint256 gain, uint256 rewards, uint256 uncovered, uint256 p, uint256 o)
        public
        pure
    {
        gain = bound(gain, 0, MOST);
        rewards = bound(rewards, 0, MOST);
        uncovered = bound(uncovered, 0, MOST);
        p = bound(p, 0, 1_000);
        o = bound(o, 0, 1_000);
        (uint256 protocolFee, uint256 operatorFee) = Waterfall.fees(gain, rewards, uncovered, p, o);
        if (uncovered >= gain + rewards) {
            assertEq(protocolFee + operatorFee, 0, "none on what makes up for a loss");
        } else {
            uint256 net = gain + rewards - uncovered;
            assertEq(protocolFee, net * p / 10_000);
            assertEq(operatorFee, net * o / 10_000);
            assertLe((protocolFee + operatorFee) * 5, net, "at most a fifth");
        }
    }

    function test_examples() public pure {
        (uint256 gain, uint256 loss) = Waterfall.result(100, 107, 5);
        assertEq(gain, 5);
        assertEq(loss, 0);
        (gain, loss) = Waterfall.result(100, 93, 5);
        assertEq(gain, 0);
        assertEq(loss, 7);
        (gain, loss) = Waterfall.result(100, 100, 5);
        assertEq(gain + loss, 0);
        (uint256 paid, uint256 surplus) = Waterfall.fromBonds(7, 10);
        assertEq(paid, 7);
        assertEq(surplus, 3);
        assertEq(Waterfall.rewardsTaken(100, 5, 2, 0), 3);
        assertEq(Waterfall.rewardsTaken(100, 5, 0, 4), 9);
        assertEq(Waterfall.rewardsTaken(8, 5, 0, 4), 8);
        assertEq(Waterfall.rewardsTaken(100, 5, 5, 0), 0);
        (uint256 protocolFee, uint256 operatorFee) = Waterfall.fees(100_000, 50_000, 30_000, 500, 200);
        assertEq(protocolFee, 6_000);
        assertEq(operatorFee, 2_400);
    }
}
