// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ShareMath} from "../../src/libraries/ShareMath.sol";

/// @dev Properties that do not hold. The runner expects a counterexample for each: a prover that proves these proves nothing.
contract RefutedProperties {
    function check_stakingAlwaysGivesShares(uint96 assets, uint96 pooled, uint96 supply) public pure {
        assert(assets == 0 || ShareMath.toShares(assets, pooled, supply) > 0);
    }

    function check_sharesAreEther(uint16 assets, uint16 pooled, uint16 supply) public pure {
        assert(ShareMath.toShares(assets, pooled, supply) == assets);
    }
}
