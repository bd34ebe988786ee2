// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ExpiringPause} from "../../../src/abstract/ExpiringPause.sol";
import {Reporters} from "./Reporters.sol";

/// @dev Parameters within their bounds, and pauses.
abstract contract Governors is Reporters {
    mapping(uint256 contractIndex => uint256) public pausedUntil;
    mapping(uint256 contractIndex => uint256) public pausedFrom;
    /// @dev Times that a pause came before the last one had been over for as long as it must.
    uint256 public earlyPauses;
    uint256 private lastCapRaise;

    /// @dev The contracts that can be paused.
    function pausableAt(uint256 index) public view returns (ExpiringPause) {
        return [
            ExpiringPause(address(POOL)), ExpiringPause(address(DEPOSITS)), ExpiringPause(address(DISTRIBUTION))
        ][index % 3];
    }

    function pause(uint256 seed) external watched {
        ExpiringPause target = pausableAt(seed);
        if (time < target.nextPauseFrom()) return;
        // A pause lasts 3 days at most and the next one comes 3 days later.
        if (pausedFrom[seed % 3] != 0 && time < pausedFrom[seed % 3] + 6 days) ++earlyPauses;
        VM.prank(cast.pauser);
        target.pause();
        pausedFrom[seed % 3] = time;
        pausedUntil[seed % 3] = time + 3 days;
        _count("pause");
    }

    function unpause(uint256 seed) external watched {
        ExpiringPause target = pausableAt(seed);
        if (!target.paused()) return;
        VM.prank(cast.resumer);
        target.unpause();
        pausedUntil[seed % 3] = time;
        _count("unpause");
    }

    function setStakingLimits(uint256 cap, uint256 minimum, uint256 rate) external watched {
        VM.startPrank(cast.parameters);
        // Seldom closed, never above the step.
        if (cap % 8 != 0) cap = 1_000 ether + cap % 20_000 ether;
        else cap = cap % 1_000 ether;
        if (cap > POOL.stakeCap() && time < lastCapRaise + 7 days) {
            (bool ok,) = address(POOL).call(abi.encodeCall(POOL.setStakeCap, (cap)));
            _check(!ok, "the cap is raised once a week");
            _count("earlyCapRaise");
        } else {
            if (cap > POOL.stakeCap()) lastCapRaise = time;
            POOL.setStakeCap(cap);
        }
        POOL.setMinimumStake(_within(minimum, 0.001 ether, 0.1 ether));
        POOL.setStakeRateLimit(rate % 8 == 0 ? 0 : 500 ether + rate % 100_000 ether);
        VM.stopPrank();
        _count("setStakingLimits");
    }

    function setFrameParameters(uint256 reserve, uint256 delay, uint256 stale) external watched {
        VM.startPrank(cast.parameters);
        POOL.setReserve(reserve % 40 ether);
        POOL.setWithdrawalDelay(delay % 8 == 0 ? 7 : 1 + delay % 3);
        POOL.setStaleAfter(_within(stale, 5 days, stale % 8 == 0 ? 30 days : 7 days));
        VM.stopPrank();
        _count("setFrameParameters");
    }

    function setReportParameters(uint256 increase, uint256 loss, uint256 protocol, uint256 operator) external watched {
        VM.startPrank(cast.parameters);
        DISTRIBUTION.setMaxIncreaseBps(_within(increase, 1, 100));
        DISTRIBUTION.setMaxLossBps(_within(loss, 1, 500));
        DISTRIBUTION.setProtocolFeeBps(protocol % 1_001);
        DISTRIBUTION.setOperatorFeeBps(operator % 1_001);
        VM.stopPrank();
        _count("setReportParameters");
    }

    function setFrameLength(uint256 seed) external watched {
        VM.prank(cast.parameters);
        DISTRIBUTION.setEpochsPerFrame(seed % 4 == 0 ? 450 : seed % 4 == 1 ? 300 : 225);
        _count("setFrameLength");
    }

    function setTreasury(uint256 seed) external watched {
        VM.prank(cast.parameters);
        DISTRIBUTION.setTreasury(seed % 2 == 0 ? OTHER_TREASURY : cast.treasury);
        _count("setTreasury");
    }

    function setBondParameters(uint256 perKey, uint256 cooldown) external watched {
        VM.startPrank(cast.parameters);
        REGISTRY.setBondPerKey(_within(perKey, 1 ether, 3 ether));
        REGISTRY.setBondCooldown(_within(cooldown, 1 days, 30 days));
        VM.stopPrank();
        _count("setBondParameters");
    }

    function setAttestationAllowed(uint256 seed) external watched {
        VM.prank(cast.upgrader);
        DEPOSITS.setAttestationAllowed(seed % 4 != 0);
        _count("setAttestationAllowed");
    }
}
