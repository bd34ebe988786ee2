// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Actors} from "./Actors.sol";

/// @dev Who stakes, holds and gives.
abstract contract Stakers is Actors {
    uint256 public staked;
    uint256 public sharesMinted;

    function stake(uint256 who, uint256 amount) external {
        _stake(who, amount, 200 ether);
    }

    /// @dev So much that leaving takes more than one request.
    function stakeMuch(uint256 who, uint256 amount) external {
        _stake(who, 500 ether + amount % 2_500 ether, 3_000 ether);
    }

    function transfer(uint256 who, uint256 to, uint256 amount) external watched {
        address from = stakerAt(who);
        amount %= POOL.balanceOf(from) + 1;
        VM.prank(from);
        _check(POOL.transfer(stakerAt(to), amount), "transfer");
        _moveShares(from, stakerAt(to), amount);
        _count("transfer");
    }

    function transferFrom(uint256 who, uint256 to, uint256 amount) external watched {
        address from = stakerAt(who);
        address spender = stakerAt(to);
        amount %= POOL.balanceOf(from) + 1;
        VM.prank(from);
        POOL.approve(spender, amount);
        VM.prank(spender);
        _check(POOL.transferFrom(from, spender, amount), "transferFrom");
        _check(POOL.allowance(from, spender) == 0, "the allowance is used up");
        _moveShares(from, spender, amount);
        _count("transferFrom");
    }

    /// @dev Shares sent to a contract that has no use for them.
    function misplaceShares(uint256 who, uint256 amount, uint256 where) external watched {
        address from = stakerAt(who);
        amount %= _min(POOL.balanceOf(from), 0.01 ether) + 1;
        address target =
            [address(QUEUE), address(REGISTRY), address(POOL), address(DISTRIBUTION), address(FUND)][where % 5];
        VM.prank(from);
        _check(POOL.transfer(target, amount), "transfer");
        misplaced[target] += amount;
        _moveShares(from, target, amount);
        _count("misplaceShares");
    }

    /// @dev Ether forced into a contract, as a selfdestruct or a block's fees do.
    function donate(uint256 amount, uint256 where) external watched {
        amount %= 1 ether;
        address[6] memory targets =
            [address(POOL), address(QUEUE), address(REGISTRY), address(DEPOSITS), address(DISTRIBUTION), address(FUND)];
        _force(targets[where % 6], amount);
        forced[targets[where % 6]] += amount;
        _count("donate");
    }

    /// @dev Ether sent in, where that is accepted from anyone.
    function give(uint256 amount, bool byCall) external watched {
        amount = 1 + amount % 1 ether;
        _fund(DONOR, amount);
        VM.prank(DONOR);
        if (byCall) {
            FUND.deposit{value: amount}();
        } else {
            (bool ok,) = address(FUND).call{value: amount}("");
            _check(ok, "the fund takes ether");
        }
        forced[address(FUND)] += amount;
        etherIn += amount;
        _count("give");
    }

    function _stake(uint256 who, uint256 amount, uint256 most) private watched {
        uint256 least = POOL.minimumStake();
        uint256 room = POOL.availableStake();
        if (room < least) return;
        amount = _within(amount, least, _max(least, _min(room, most)));
        uint256 expected = amount * (supplyBefore + VIRTUAL) / (pooledBefore + VIRTUAL);
        if (expected == 0) return;
        (address payer, address receiver) = (stakerAt(who), stakerAt(who >> 8));
        _fund(payer, amount);
        VM.prank(payer);
        _check(POOL.stake{value: amount}(receiver, expected, STRANGER) == expected, "shares of a stake");
        staked += amount;
        etherIn += amount;
        sharesMinted += expected;
        sharesOf[receiver] += expected;
        _count(most > 200 ether ? "stakeMuch" : "stake");
    }
}
