// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev ethSTAKE as an ERC-20 with permits: balances, allowances, and errors by EIP-6093.
contract StakingPoolTokenTest is PoolTest {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private owner;
    uint256 private key;

    function setUp() public override {
        super.setUp();
        (owner, key) = makeAddrAndKey("owner");
        vm.deal(owner, 100 ether);
        stakeAs(owner, 10 ether);
    }

    function test_transfer_movesShares() public {
        vm.expectEmit(address(pool));
        emit IERC20.Transfer(owner, bob, 4 ether);
        vm.prank(owner);
        assertTrue(pool.transfer(bob, 4 ether));
        assertEq(pool.balanceOf(owner), 6 ether);
        assertEq(pool.balanceOf(bob), 4 ether);
        assertEq(pool.totalSupply(), 10 ether);
    }

    function test_transfer_refusesTooMuchAndNobody() public {
        vm.startPrank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, owner, 10 ether, 10 ether + 1)
        );
        pool.transfer(bob, 10 ether + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        pool.transfer(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidSpender.selector, address(0)));
        pool.approve(address(0), 1);
    }

    function test_transferFrom_usesTheAllowance() public {
        vm.expectEmit(address(pool));
        emit IERC20.Approval(owner, bob, 5 ether);
        vm.prank(owner);
        assertTrue(pool.approve(bob, 5 ether));
        vm.startPrank(bob);
        assertTrue(pool.transferFrom(owner, mallory, 2 ether));
        assertEq(pool.allowance(owner, bob), 3 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, 3 ether, 3 ether + 1)
        );
        pool.transferFrom(owner, mallory, 3 ether + 1);
        assertEq(pool.balanceOf(mallory), 2 ether);
    }

    function test_transfer_goesOnWhilePaused() public {
        vm.prank(pauser);
        pool.pause();
        vm.prank(owner);
        assertTrue(pool.transfer(bob, 1 ether));
        assertEq(pool.balanceOf(bob), 1 ether);
    }

    /* PERMITS */

    function signPermit(uint256 value, uint256 nonce, uint256 deadline)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 message = keccak256(abi.encode(PERMIT, owner, bob, value, nonce, deadline));
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", pool.DOMAIN_SEPARATOR(), message)));
    }

    function test_permit_approvesBySignature() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(1 ether, 0, block.timestamp);
        pool.permit(owner, bob, 1 ether, block.timestamp, v, r, s);
        assertEq(pool.allowance(owner, bob), 1 ether);
        assertEq(pool.nonces(owner), 1);
        vm.prank(bob);
        pool.transferFrom(owner, bob, 1 ether);
        assertEq(pool.balanceOf(bob), 1 ether);
    }

    function test_permit_isForOneUse() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(1 ether, 0, block.timestamp);
        pool.permit(owner, bob, 1 ether, block.timestamp, v, r, s);
        vm.expectPartialRevert(ERC20PermitUpgradeable.ERC2612InvalidSigner.selector);
        pool.permit(owner, bob, 1 ether, block.timestamp, v, r, s);
    }

    function test_permit_isForItsTermsAlone() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(1 ether, 0, block.timestamp);
        vm.expectPartialRevert(ERC20PermitUpgradeable.ERC2612InvalidSigner.selector);
        pool.permit(owner, bob, 2 ether, block.timestamp, v, r, s);
        vm.expectPartialRevert(ERC20PermitUpgradeable.ERC2612InvalidSigner.selector);
        pool.permit(owner, mallory, 1 ether, block.timestamp, v, r, s);
    }

    function test_permit_expires() public {
        uint256 deadline = block.timestamp + 1 hours;
        (uint8 v, bytes32 r, bytes32 s) = signPermit(1 ether, 0, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ERC20PermitUpgradeable.ERC2612ExpiredSignature.selector, deadline));
        pool.permit(owner, bob, 1 ether, deadline, v, r, s);
        vm.warp(deadline);
        pool.permit(owner, bob, 1 ether, deadline, v, r, s);
    }

    function test_permit_namesThePoolAndTheChain() public view {
        (, string memory name, string memory version, uint256 chainId, address verifying,,) = pool.eip712Domain();
        assertEq(name, "ethstake Staked Ether");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifying, address(pool));
    }
}
