// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {CoverageFund} from "../../src/CoverageFund.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {ICoverageFund} from "../../src/interfaces/ICoverageFund.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {Base} from "../support/Base.sol";

/// @dev A module that asks again while its ether arrives.
contract GreedyModule {
    CoverageFund private immutable FUND;

    constructor(CoverageFund fund) {
        FUND = fund;
    }

    receive() external payable {
        FUND.cover(msg.value);
    }

    function cover(uint256 amount) external returns (uint256) {
        return FUND.cover(amount);
    }
}

contract CoverageFundTest is Base {
    CoverageFund private fund;
    bytes32 private constant COVER_ROLE = keccak256("COVER_ROLE");
    address private module = makeAddr("module");

    function setUp() public override {
        super.setUp();
        fund = CoverageFund(
            payable(proxy(implementation("CoverageFund", ""), abi.encodeCall(CoverageFund.initialize, (admin))))
        );
        vm.startPrank(admin);
        fund.grantRole(COVER_ROLE, module);
        fund.grantRole(fund.UPGRADER_ROLE(), upgrader);
        vm.stopPrank();
    }

    function pay(uint256 amount) private {
        vm.prank(alice);
        fund.deposit{value: amount}();
    }

    /* IN */

    function test_deposit_fromAnyone() public {
        vm.expectEmit(address(fund));
        emit ICoverageFund.Deposited(alice, 1 ether);
        pay(1 ether);
        assertEq(address(fund).balance, 1 ether);
    }

    function test_receive_isADeposit() public {
        vm.expectEmit(address(fund));
        emit ICoverageFund.Deposited(mallory, 2 ether);
        vm.prank(mallory);
        (bool success,) = address(fund).call{value: 2 ether}("");
        assertTrue(success);
        assertEq(address(fund).balance, 2 ether);
    }

    function test_deposit_refusesNothing() public {
        vm.expectRevert(ICoverageFund.CoverageFundZeroAmount.selector);
        pay(0);
        vm.prank(alice);
        (bool success, bytes memory reason) = address(fund).call("");
        assertFalse(success);
        assertEq(bytes4(reason), ICoverageFund.CoverageFundZeroAmount.selector);
    }

    /* OUT */

    function test_cover_sendsWhatWasAskedFor() public {
        pay(10 ether);
        vm.expectEmit(address(fund));
        emit ICoverageFund.Covered(module, 4 ether, 4 ether);
        vm.prank(module);
        assertEq(fund.cover(4 ether), 4 ether);
        assertEq(module.balance, 4 ether);
        assertEq(address(fund).balance, 6 ether);
    }

    function test_cover_sendsAllThereIs() public {
        pay(1 ether);
        vm.expectEmit(address(fund));
        emit ICoverageFund.Covered(module, 4 ether, 1 ether);
        vm.prank(module);
        assertEq(fund.cover(4 ether), 1 ether);
        assertEq(module.balance, 1 ether);
        assertEq(address(fund).balance, 0);
    }

    function test_cover_doesNotRevertWhenEmpty() public {
        vm.expectEmit(address(fund));
        emit ICoverageFund.Covered(module, 1 ether, 0);
        vm.prank(module);
        assertEq(fund.cover(1 ether), 0);
    }

    /// @dev Nothing is sent for nothing: a module without code for ether still reports.
    function test_cover_ofNothingCallsNobody() public {
        pay(1 ether);
        vm.etch(module, hex"5f5ffd");
        vm.prank(module);
        assertEq(fund.cover(0), 0);
        vm.expectRevert(Errors.FailedCall.selector);
        vm.prank(module);
        fund.cover(1);
    }

    function testFuzz_cover(uint128 held, uint256 amount) public {
        vm.deal(address(fund), held);
        uint256 expected = amount < held ? amount : held;
        vm.prank(module);
        assertEq(fund.cover(amount), expected);
        assertEq(module.balance, expected);
        assertEq(address(fund).balance, held - expected);
    }

    function test_cover_revertsForOthers() public {
        pay(1 ether);
        address[5] memory others = [admin, upgrader, address(pool), alice, mallory];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], COVER_ROLE)
            );
            vm.prank(others[i]);
            fund.cover(1);
        }
    }

    /// @dev An admin cannot take the module's place, even when the module lost its role.
    function test_coverRole_isBoundForEver() public {
        assertEq(fund.boundAccount(COVER_ROLE), module);
        bytes memory expected = abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, COVER_ROLE, module, admin);
        vm.startPrank(admin);
        vm.expectRevert(expected);
        fund.grantRole(COVER_ROLE, admin);
        fund.revokeRole(COVER_ROLE, module);
        vm.expectRevert(expected);
        fund.grantRole(COVER_ROLE, admin);
        vm.stopPrank();
        assertEq(fund.boundAccount(COVER_ROLE), module);
    }

    /// @dev A module that calls again gets no more than there is, and what each call names is what it gets.
    function test_cover_again() public {
        CoverageFund fresh = CoverageFund(
            payable(proxy(implementation("CoverageFund", ""), abi.encodeCall(CoverageFund.initialize, (admin))))
        );
        GreedyModule greedy = new GreedyModule(fresh);
        vm.prank(admin);
        fresh.grantRole(COVER_ROLE, address(greedy));
        vm.prank(alice);
        fresh.deposit{value: 10 ether}();
        assertEq(greedy.cover(4 ether), 4 ether);
        assertEq(address(greedy).balance, 10 ether);
        assertEq(address(fresh).balance, 0);
    }

    /* OVER IT */

    function test_initialize_once() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        fund.initialize(mallory);
        address locked = implementation("CoverageFund", "");
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        CoverageFund(payable(locked)).initialize(mallory);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(locked, abi.encodeCall(CoverageFund.initialize, (address(0))));
    }

    function test_upgrade_keepsTheEtherAndTheModule() public {
        pay(3 ether);
        address next = implementation("CoverageFund", "");
        bytes32 role = fund.UPGRADER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, admin, role));
        vm.prank(admin);
        fund.upgradeToAndCall(next, "");
        vm.prank(upgrader);
        fund.upgradeToAndCall(next, "");
        assertEq(fund.boundAccount(COVER_ROLE), module);
        vm.prank(module);
        assertEq(fund.cover(5 ether), 3 ether);
    }
}
