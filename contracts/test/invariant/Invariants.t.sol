// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Base} from "../support/Base.sol";
import {Handler} from "./Handler.sol";

/// @dev What holds after any sequence of calls, whoever makes them.
contract InvariantsTest is Base {
    Handler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new Handler(
            pool, registry, withdrawalVault, rewardsVault, [depositor, reporter, vetter, pauser, parameters]
        );
        bytes4[] memory selectors = new bytes4[](18);
        // Those that carry the work come up more than once.
        selectors[0] = Handler.stake.selector;
        selectors[1] = Handler.stake.selector;
        selectors[2] = Handler.transfer.selector;
        selectors[3] = Handler.donate.selector;
        selectors[4] = Handler.register.selector;
        selectors[5] = Handler.register.selector;
        selectors[6] = Handler.addBond.selector;
        selectors[7] = Handler.withdrawBond.selector;
        selectors[8] = Handler.submit.selector;
        selectors[9] = Handler.submit.selector;
        selectors[10] = Handler.remove.selector;
        selectors[11] = Handler.vet.selector;
        selectors[12] = Handler.vet.selector;
        selectors[13] = Handler.deposit.selector;
        selectors[14] = Handler.earn.selector;
        selectors[15] = Handler.settle.selector;
        selectors[16] = Handler.setParameters.selector;
        selectors[17] = Handler.togglePause.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev Every wei that came in is buffered or with a validator.
    function invariant_pooledEtherIsConserved() public view {
        assertEq(handler.staked() + handler.settled(), pool.bufferedEther() + 32 ether * pool.depositedValidators());
        assertEq(pool.totalPooledEther(), handler.staked() + handler.settled());
        assertEq(address(pool).balance, pool.bufferedEther() + handler.donatedToPool());
    }

    function invariant_depositsReachTheDepositContract() public view {
        assertEq(pool.depositedValidators(), handler.deposits());
        assertEq(depositCount(), handler.deposits());
        assertEq(address(depositContract).balance, 32 ether * handler.deposits());
        assertEq(handler.keysDepositedTwice(), 0);
        assertEq(handler.wrongDeposits(), 0);
    }

    function invariant_sharePriceNeverFalls() public view {
        assertEq(handler.priceFalls(), 0);
        assertGe(pool.sharePrice(), 1 ether);
    }

    function invariant_sharesAreBacked() public view {
        uint256 sum = 0;
        uint256 worth = 0;
        for (uint256 i = 0; i < handler.STAKERS(); ++i) {
            uint256 shares = pool.balanceOf(handler.stakerAt(i));
            sum += shares;
            worth += pool.convertToAssets(shares);
        }
        assertEq(sum, pool.totalSupply());
        assertLe(worth, pool.totalPooledEther());
    }

    function invariant_rewardsAreConserved() public view {
        assertEq(address(rewardsVault).balance, handler.rewardsReceived() - handler.settled());
    }

    function invariant_bondsAreConserved() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            sum += registry.bondOf(id);
            (uint256 total,,) = registry.keyCounts(id);
            assertGe(registry.bondOf(id), total * registry.bondPerKey());
        }
        assertEq(sum, address(registry).balance);
        assertEq(sum, handler.bondsIn() - handler.bondsOut());
    }

    function invariant_keysMoveOneWay() public view {
        uint256 depositable = 0;
        uint256 deposited = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            (uint256 total, uint256 limit, uint256 used) = registry.keyCounts(id);
            assertLe(used, limit);
            assertLe(limit, total);
            depositable += limit - used;
            deposited += used;
            for (uint256 i = 0; i < total; ++i) {
                (bytes memory pubkey,) = registry.validatorKey(id, i);
                (uint256 owner, uint256 index) = registry.keyOwner(pubkey);
                // One owner and one place for each key: no key is there twice.
                assertEq(owner, id);
                assertEq(index, i);
                assertEq(registry.isKeyDeposited(pubkey), i < used);
            }
        }
        assertEq(depositable, registry.depositableKeys());
        assertEq(deposited, pool.depositedValidators());
    }

    /// @dev A run of 64 calls does not always get to a deposit; the campaign as a whole must: see test_campaignGetsThere.
    function test_campaignGetsThere() public {
        uint256 seed = 7;
        for (uint256 i = 0; i < 3000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 a = seed >> 8;
            uint256 b = seed >> 64;
            uint256 kind = seed % 16;
            if (kind < 3) handler.stake(a, b);
            else if (kind < 4) handler.transfer(a, b, b);
            else if (kind < 5) handler.register(a, b);
            else if (kind < 6) handler.addBond(a, b);
            else if (kind < 7) handler.withdrawBond(a, b);
            else if (kind < 9) handler.submit(a, b);
            else if (kind < 10) handler.remove(a, b);
            else if (kind < 12) handler.vet(a, b);
            else if (kind < 13) handler.deposit(a);
            else if (kind < 14) handler.earn(a);
            else if (kind < 15) handler.settle(a);
            else if (a % 2 == 0) handler.togglePause(b);
            else handler.setParameters(a, b, a, b);
        }
        string[11] memory names = [
            "stake",
            "transfer",
            "register",
            "addBond",
            "withdrawBond",
            "submit",
            "remove",
            "vet",
            "deposit",
            "earn",
            "settle"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(handler.calls(names[i]), i == 2 ? 4 : 20, names[i]);
        }
        invariant_pooledEtherIsConserved();
        invariant_depositsReachTheDepositContract();
        invariant_sharePriceNeverFalls();
        invariant_sharesAreBacked();
        invariant_rewardsAreConserved();
        invariant_bondsAreConserved();
        invariant_keysMoveOneWay();
    }
}
