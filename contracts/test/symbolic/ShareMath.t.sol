// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ShareMath} from "../../src/libraries/ShareMath.sol";

/// @dev Proven by halmos for every input (`npm run test:symbolic`), where fuzzing samples. 96 bits of wei are more than all
/// ether; pools that lost ether (pooled < supply) are among them.
contract ShareMathProperties {
    uint256 private constant V = ShareMath.VIRTUAL;

    /// @dev OpenZeppelin's mulDiv is the quotient it says it is.
    function check_mulDivIsTheQuotient(uint96 a, uint96 b, uint96 c) public pure {
        if (c == 0) return;
        assert(Math.mulDiv(a, b, c) == uint256(a) * b / c);
    }

    function check_nothingForNothing(uint96 pooled, uint96 supply) public pure {
        assert(ShareMath.toShares(0, pooled, supply) == 0);
        assert(ShareMath.toAssets(0, pooled, supply) == 0);
    }

    function check_theFirstRateIsOne(uint96 amount) public pure {
        assert(ShareMath.toShares(amount, 0, 0) == amount);
        assert(ShareMath.toAssets(amount, 0, 0) == amount);
    }

    function check_stakingAndLeavingNeverGains(uint96 assets, uint96 pooled, uint96 supply) public pure {
        assert(ShareMath.toAssets(ShareMath.toShares(assets, pooled, supply), pooled, supply) <= assets);
    }

    function check_leavingAndStakingNeverGains(uint96 shares, uint96 pooled, uint96 supply) public pure {
        assert(ShareMath.toShares(ShareMath.toAssets(shares, pooled, supply), pooled, supply) <= shares);
    }

    /// @dev The same with the pool as the stake leaves it: what a staker gets back at once is not more than he paid.
    function check_stakingThenLeavingNeverGains(uint96 assets, uint96 pooled, uint96 supply) public pure {
        uint256 shares = ShareMath.toShares(assets, pooled, supply);
        assert(shares * (pooled + V + assets) <= assets * (supply + V + shares));
        assert(ShareMath.toAssets(shares, uint256(pooled) + assets, supply + shares) <= assets);
    }

    function check_moreEtherNeverGivesFewerShares(uint96 less, uint96 more, uint96 pooled, uint96 supply) public pure {
        if (less > more) return;
        assert(ShareMath.toShares(less, pooled, supply) <= ShareMath.toShares(more, pooled, supply));
    }

    function check_moreSharesNeverGiveLessEther(uint96 less, uint96 more, uint96 pooled, uint96 supply) public pure {
        if (less > more) return;
        assert(ShareMath.toAssets(less, pooled, supply) <= ShareMath.toAssets(more, pooled, supply));
    }

    /// @dev (pooled + assets + V) / (supply + shares + V) >= (pooled + V) / (supply + V), without dividing.
    function check_stakingNeverLowersTheRate(uint96 assets, uint96 pooled, uint96 supply) public pure {
        uint256 shares = ShareMath.toShares(assets, pooled, supply);
        assert((pooled + V + assets) * (supply + V) >= (pooled + V) * (supply + V + shares));
    }

    function check_leavingNeverLowersTheRate(uint96 shares, uint96 pooled, uint96 supply) public pure {
        if (shares > supply) return;
        uint256 assets = ShareMath.toAssets(shares, pooled, supply);
        if (assets > pooled) return;
        assert((pooled + V - assets) * (supply + V) >= (pooled + V) * (supply + V - shares));
    }

    /// @dev Rounding takes less than one share.
    function check_roundingTakesLessThanAShare(uint96 assets, uint96 pooled, uint96 supply) public pure {
        uint256 shares = ShareMath.toShares(assets, pooled, supply);
        assert(shares * (pooled + V) <= assets * (supply + V));
        assert((shares + 1) * (pooled + V) > assets * (supply + V));
    }

    /// @dev Rewards raise nobody's shares and lower nobody's ether.
    function check_rewardsNeverLowerTheEther(uint96 shares, uint96 pooled, uint96 supply, uint96 rewards) public pure {
        assert(
            ShareMath.toAssets(shares, uint256(pooled) + rewards, supply) >= ShareMath.toAssets(shares, pooled, supply)
        );
    }

    /// @dev All shares together are worth at most the pool, and in a pool that lost ether at most V more.
    function check_allSharesAreBackedUpToV(uint96 pooled, uint96 supply) public pure {
        uint256 worth = ShareMath.toAssets(supply, pooled, supply);
        assert(worth <= uint256(pooled) + V);
        if (pooled >= supply) assert(worth <= pooled);
    }

    /// @dev Inflation does not pay: whoever owns all shares of a pool and gives it ether owns, after the next stake, no more than
    /// what he staked and gave. A stake of no shares is refused.
    function check_inflatingTheRateNeverPays(uint96 own, uint96 gift, uint96 stake) public pure {
        uint256 pooled = uint256(own) + gift;
        uint256 shares = ShareMath.toShares(stake, pooled, own);
        if (shares == 0) return;
        assert(stake * (own + V) < (shares + 1) * (pooled + V));
        assert(ShareMath.toAssets(own, pooled + stake, own + shares) <= pooled);
    }
}
