// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev OpenZeppelin's ERC-20 with one difference: an account is one slot, in which the positions that requests gave it in
/// the withdrawal queue are counted beside its shares. A request writes the account anyway; a slot of its own for the
/// ERC-721 balance would make each account's first request dearer by 22,000 gas. `_update`, `balanceOf` and `totalSupply` are
/// where OpenZeppelin provides for this.
abstract contract ShareToken is ERC20PermitUpgradeable {
    /// @dev One slot.
    /// @param shares What the account has of the token.
    /// @param positions What requests gave it in the withdrawal queue.
    struct Account {
        uint192 shares;
        uint64 positions;
    }

    /// @custom:storage-location erc7201:ethstake.storage.ShareToken
    struct ShareTokenStorage {
        uint192 totalSupply;
        mapping(address owner => Account) accounts;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.ShareToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SHARE_TOKEN_STORAGE = 0x0bf56a62e67f399cc54a70d63d7e979a053e3d347c2cb8e9c2b8fcfe98604800;

    /// @notice All shares.
    function totalSupply() public view override returns (uint256) {
        return _tokenStorage().totalSupply;
    }

    /// @notice An account's shares.
    function balanceOf(address owner) public view override returns (uint256) {
        return _tokenStorage().accounts[owner].shares;
    }

    /// @dev Positions that requests gave an account.
    function _positionsOf(address owner) internal view returns (uint256) {
        return _tokenStorage().accounts[owner].positions;
    }

    /// @dev Counts new positions.
    function _addPositions(address owner, uint256 positions) internal {
        // Cannot truncate: the queue gives 32 bits to its last id.
        _tokenStorage().accounts[owner].positions += uint64(positions);
    }

    /// @dev Moves, mints (from zero) or burns (to zero) shares.
    function _update(address from, address to, uint256 value) internal override {
        ShareTokenStorage storage $ = _tokenStorage();
        // None of the casts below can truncate, and no sum overflow: nobody has more than the supply, which is checked here.
        if (from == address(0)) {
            $.totalSupply = SafeCast.toUint192($.totalSupply + value);
        } else {
            uint256 balance = $.accounts[from].shares;
            if (balance < value) revert ERC20InsufficientBalance(from, balance, value);
            unchecked {
                $.accounts[from].shares = uint192(balance - value);
            }
        }
        unchecked {
            if (to == address(0)) $.totalSupply -= uint192(value);
            else $.accounts[to].shares += uint192(value);
        }
        emit Transfer(from, to, value);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _tokenStorage() private pure returns (ShareTokenStorage storage $) {
        assembly {
            $.slot := SHARE_TOKEN_STORAGE
        }
    }
}
