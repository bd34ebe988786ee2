// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Base} from "./Base.sol";

/// @dev A pool of 200 ether, 128 of them with four validators of two operators; and what a settlement is expected to do.
abstract contract Settlements is Base {
    /// @dev What a settlement comes to, in wei.
    struct Outcome {
        uint256 gain;
        uint256 loss;
        uint256 rewards;
        uint256 fromBonds;
        uint256 covered;
        uint256 protocolFee;
        uint256 operatorFee;
    }

    /// @dev What is there after it: ether of the pool, shares of all, the treasury and the operators, the price, and the
    /// ether of all contracts.
    struct After {
        uint256 pooled;
        uint256 supply;
        uint256 treasury;
        uint256 registry;
        uint256 price;
        uint256 all;
    }

    /// @dev What a report may raise the pool by, at 200 ether.
    uint256 internal constant HEADROOM = 0.2 ether;

    function setUp() public virtual override {
        super.setUp();
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
        operatorWithKeys(bob, 2, 2);
        depositKeys(2, 2);
        vm.deal(address(this), 1000 ether);
    }

    /// @dev Settles the report, and checks its event, the pool and the fees' shares against what is expected.
    function expectOutcome(
        IRewardDistribution.Report memory report,
        IOperatorRegistry.OperatorUpdate[] memory updates,
        Outcome memory o
    ) internal {
        After memory e = expected(o);
        agree(0, distribution.reportDigest(report, updates));
        expectEvent(report.refSlot, o, e.price);
        assertEq(distribution.settleRewards(report, updates), e.price, "price");
        assertEq(pool.totalPooledEther(), e.pooled, "pooled");
        assertEq(pool.totalSupply(), e.supply, "supply");
        assertEq(pool.balanceOf(treasury), e.treasury, "treasury");
        assertEq(pool.balanceOf(address(registry)), e.registry, "operators");
        assertEq(address(distribution).balance, 0, "ether left");
        assertEq(allEther(), e.all, "ether lost");
        assertEq(address(pool).balance, pool.bufferedEther(), "buffer");
    }

    function expectEvent(uint256 refSlot, Outcome memory o, uint256 price) private {
        vm.expectEmit(address(distribution));
        emit IRewardDistribution.RewardSettled(
            refSlot, o.gain, o.loss, o.rewards, o.fromBonds, o.covered, o.protocolFee, o.operatorFee, price
        );
    }

    /// @dev Fees are so many shares that these are worth the fees afterwards.
    function expected(Outcome memory o) private view returns (After memory e) {
        uint256 supply = pool.totalSupply();
        uint256 fees = o.protocolFee + o.operatorFee;
        e.pooled = pool.totalPooledEther() + o.gain - o.loss + o.rewards + o.fromBonds + o.covered;
        uint256 shares = Math.mulDiv(fees, supply + 1 gwei, e.pooled - fees + 1 gwei);
        uint256 operatorShares = fees == 0 ? 0 : Math.mulDiv(shares, o.operatorFee, fees);
        e.supply = supply + shares;
        e.treasury = pool.balanceOf(treasury) + shares - operatorShares;
        e.registry = pool.balanceOf(address(registry)) + operatorShares;
        e.price = Math.mulDiv(1 ether, e.pooled + 1 gwei, e.supply + 1 gwei);
        e.all = allEther();
    }

    /// @dev The same without news of operators.
    function expectOutcome(uint256 beaconBalance, Outcome memory o) internal {
        expectOutcome(reportOf(beaconBalance), noUpdates(), o);
    }

    /// @dev Ether in all contracts of the protocol.
    function allEther() internal view returns (uint256) {
        return address(pool).balance + address(registry).balance + address(withdrawalVault).balance
            + address(rewardsVault).balance + address(coverageFund).balance + address(deposits).balance
            + address(distribution).balance;
    }

    function none() internal pure returns (Outcome memory o) {}

    /// @dev A gain with the fees of 5 % and 2 %.
    function gains(uint256 gain, uint256 rewards) internal pure returns (Outcome memory o) {
        o.gain = gain;
        o.rewards = rewards;
        o.protocolFee = (gain + rewards) * 5 / 100;
        o.operatorFee = (gain + rewards) * 2 / 100;
    }

    /// @dev A loss and who pays for it.
    function losses(uint256 loss, uint256 fromBonds, uint256 covered, uint256 rewards)
        internal
        pure
        returns (Outcome memory o)
    {
        o.loss = loss;
        o.fromBonds = fromBonds;
        o.covered = covered;
        o.rewards = rewards;
    }

    function twoLosses(uint256 first, uint256 second)
        internal
        pure
        returns (IOperatorRegistry.OperatorUpdate[] memory updates)
    {
        updates = new IOperatorRegistry.OperatorUpdate[](2);
        updates[0] = IOperatorRegistry.OperatorUpdate(1, 0, 0, uint128(first));
        updates[1] = IOperatorRegistry.OperatorUpdate(2, 0, 0, uint128(second));
    }
}
