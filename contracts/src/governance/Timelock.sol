// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Compiled so that deployments find it as out/TimelockController.sol/TimelockController.json: OpenZeppelin's, unchanged.
// solhint-disable-next-line no-unused-import
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
