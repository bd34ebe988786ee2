// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Compiled so that deployments find it as out/ERC1967Proxy.sol/ERC1967Proxy.json: OpenZeppelin's proxy, unchanged.
// solhint-disable-next-line no-unused-import
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
