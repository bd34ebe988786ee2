// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Bound} from "./abstract/Bound.sol";
import {ICoverageFund} from "./interfaces/ICoverageFund.sol";

/// @title Ether that covers losses before the share price falls.
/// @dev The balance is all there is to account for: ether forced in covers losses like any other.
contract CoverageFund is ICoverageFund, Bound {
    /// @notice May draw what covers a loss; bound to its first holder.
    bytes32 public constant COVER_ROLE = keccak256("COVER_ROLE");

    /// @dev A plain transfer is a deposit.
    receive() external payable {
        _deposit();
    }

    /// @inheritdoc ICoverageFund
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /// @inheritdoc ICoverageFund
    function deposit() external payable override {
        _deposit();
    }

    /// @inheritdoc ICoverageFund
    function cover(uint256 amount) external override onlyRole(COVER_ROLE) returns (uint256 covered) {
        covered = Math.min(amount, address(this).balance);
        emit Covered(msg.sender, amount, covered);
        if (covered != 0) Address.sendValue(payable(msg.sender), covered);
    }

    /// @inheritdoc Bound
    function _isBoundRole(bytes32 role) internal pure override returns (bool) {
        return role == COVER_ROLE;
    }

    /// @dev Records the value.
    function _deposit() private {
        if (msg.value == 0) revert CoverageFundZeroAmount();
        emit Deposited(msg.sender, msg.value);
    }
}
