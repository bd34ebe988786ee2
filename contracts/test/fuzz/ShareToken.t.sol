// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Test, Vm} from "forge-std/Test.sol";
import {ShareToken} from "../../src/abstract/ShareToken.sol";

/// @dev The pool's token without the pool.
contract Shares is ShareToken {
    constructor() initializer {
        __ERC20_init("Token", "T");
        __ERC20Permit_init("Token");
    }

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function burn(address from, uint256 value) external {
        _burn(from, value);
    }

    function addPositions(address owner, uint256 positions) external {
        _addPositions(owner, positions);
    }

    function positionsOf(address owner) external view returns (uint256) {
        return _positionsOf(owner);
    }
}

/// @dev What it must act like.
contract Model is ERC20Permit {
    constructor() ERC20("Token", "T") ERC20Permit("Token") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function burn(address from, uint256 value) external {
        _burn(from, value);
    }
}

/// @dev The share token against OpenZeppelin's, call by call: results, errors and events.
contract ShareTokenTest is Test {
    struct Call {
        uint8 kind;
        uint8 caller;
        uint8 from;
        uint8 to;
        uint256 value;
        uint8 scale;
    }

    Shares private token;
    Model private model;
    mapping(address owner => uint256) private positions;

    function setUp() public {
        token = new Shares();
        model = new Model();
    }

    /// @dev Four accounts, and the zero address.
    function accountOf(uint8 seed) private pure returns (address) {
        return address(uint160(seed % 5) * 0x1111);
    }

    /// @dev Both tokens must do the same with a call.
    function compare(address caller, bytes memory data) private {
        vm.recordLogs();
        vm.prank(caller);
        (bool expected, bytes memory answer) = address(model).call(data);
        bytes32 logs = keccak256(abi.encode(plain()));
        vm.prank(caller);
        (bool actual, bytes memory found) = address(token).call(data);
        assertEq(actual, expected);
        assertEq(found, answer);
        assertEq(keccak256(abi.encode(plain())), logs, "events");
    }

    /// @dev What was logged, but for who logged it.
    function plain() private returns (Vm.Log[] memory logs) {
        logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            logs[i].emitter = address(0);
        }
    }

    function testFuzz_actsLikeOpenZeppelins(Call[] memory calls) public {
        for (uint256 i = 0; i < calls.length; ++i) {
            Call memory one = calls[i];
            (address caller, address from, address to) = (accountOf(one.caller), accountOf(one.from), accountOf(one.to));
            if (caller == address(0)) continue;
            uint256 kind = one.kind % 6;
            // Most values are near to what the payer has; mints stay below the supply that the model does not bound.
            uint256 most = model.balanceOf(kind == 2 ? caller : from) + 1;
            uint256 value = one.scale % 4 == 0 ? one.value : bound(one.value, one.scale % 4 == 1 ? most / 2 : 0, most);
            if (kind == 0) compare(caller, abi.encodeCall(Model.mint, (to, bound(one.value, 0, 1e30))));
            if (kind == 1) compare(caller, abi.encodeCall(Model.burn, (from, value)));
            if (kind == 2) compare(caller, abi.encodeCall(ERC20.transfer, (to, value)));
            if (kind == 3) compare(caller, abi.encodeCall(ERC20.transferFrom, (from, to, value)));
            if (kind == 4) compare(caller, abi.encodeCall(ERC20.approve, (to, value)));
            if (kind == 5) {
                uint256 more = one.value % 100;
                token.addPositions(to, more);
                positions[to] += more;
            }
            assertEq(token.totalSupply(), model.totalSupply());
            for (uint8 j = 0; j < 5; ++j) {
                address account = accountOf(j);
                assertEq(token.balanceOf(account), model.balanceOf(account));
                assertEq(token.positionsOf(account), positions[account], "shares and positions do not mix");
            }
        }
    }

    function testFuzz_supplyFitsItsBits(uint256 first, uint256 second) public {
        first = bound(first, 0, type(uint192).max);
        second = bound(second, uint256(type(uint192).max) - first + 1, type(uint256).max - first);
        token.mint(address(1), first);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 192, first + second));
        token.mint(address(2), second);
        token.mint(address(2), type(uint192).max - first);
        assertEq(token.totalSupply(), type(uint192).max);
        vm.prank(address(2));
        assertTrue(token.transfer(address(1), type(uint192).max - first));
        assertEq(token.balanceOf(address(1)), type(uint192).max);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(2), 0, 1));
        token.burn(address(2), 1);
        token.burn(address(1), type(uint192).max);
        assertEq(token.totalSupply(), 0);
    }
}
