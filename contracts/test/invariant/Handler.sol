// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Actors, Cast, Contracts} from "./handlers/Actors.sol";
import {Intruders} from "./handlers/Intruders.sol";

/// @dev Everyone who uses the protocol, in one contract: Actors (clock and watch), Stakers, Leavers, Operators, Validators
/// (a model of the beacon chain), Committees, Depositors, Reporters, Governors, Wardens (the service
/// level), Intruders.
contract Handler is Intruders {
    constructor(Contracts memory contracts, Cast memory who) Actors(contracts, who) {}
}
