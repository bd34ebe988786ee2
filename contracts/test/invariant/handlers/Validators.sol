// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Operators} from "./Operators.sol";

/// @dev A model of the beacon chain: validators with balances, and the ether that it sends.
abstract contract Validators is Operators {
    /// @dev Where a validator stands. The model has one from its second deposit on.
    enum Life {
        InFlight,
        Active,
        Exited
    }

    /// @param number Its key's.
    /// @param since The time of the second deposit.
    struct SimulatedValidator {
        uint32 number;
        uint32 operatorId;
        uint40 since;
        Life life;
        bool slashed;
        uint128 balance;
    }

    uint256 internal constant VALIDATOR_ETHER = 32 ether;
    uint256 private constant CREDIT_DELAY = 6 hours;

    SimulatedValidator[] internal validators;
    SimulatedValidator private _none;
    uint256 public credited;
    uint256 public slashings;
    uint256 public activeBalance;
    uint256 public inFlight;
    /// @dev Wei by which the consensus side grew and shrank since the beginning, ether forced into the vault included.
    uint256 public earned;
    uint256 public lost;
    /// @dev Wei of execution rewards since the beginning.
    uint256 public executionRewards;
    /// @dev Wei that came to the withdrawal vault.
    uint256 public returned;

    function validatorCount() external view returns (uint256) {
        return validators.length;
    }

    function validatorAt(uint256 index) external view returns (SimulatedValidator memory) {
        return validators[index];
    }

    /// @dev Wei of the consensus side, as it truly is.
    function consensusEther() public view returns (uint256) {
        return activeBalance + inFlight * VALIDATOR_ETHER + address(WITHDRAWALS).balance;
    }

    /// @dev Deposits reach balances, some time after they were made.
    function credit(uint256 seed) external watched {
        bool some = false;
        if (seed % 2 == 0) _at(time + seed % CREDIT_DELAY);
        for (uint256 i = 0; i < validators.length; ++i) {
            SimulatedValidator storage validator = validators[i];
            if (validator.life != Life.InFlight || time < validator.since + CREDIT_DELAY) continue;
            validator.life = Life.Active;
            validator.balance = uint128(VALIDATOR_ETHER);
            activeBalance += VALIDATOR_ETHER;
            --inFlight;
            ++credited;
            some = true;
        }
        if (some) _count("credit");
    }

    /// @dev A while of attesting, seldom one that brings more than a report may take.
    function earn(uint256 seed) external watched {
        bool some = false;
        uint256 most = seed % 8 == 0 ? 0.5 ether : 0.01 ether;
        for (uint256 i = 0; i < validators.length; ++i) {
            if (validators[i].life != Life.Active) continue;
            seed = _next(seed);
            _earn(validators[i], seed % most);
            some = true;
        }
        if (some) _count("earn");
    }

    /// @dev Fees of blocks, and of builders.
    function proposerFees(uint256 amount, bool byCall) external watched {
        amount = amount % (amount % 8 == 0 ? 5 ether : 0.1 ether);
        if (byCall) {
            _fund(DONOR, amount);
            VM.prank(DONOR);
            (bool ok,) = address(REWARDS).call{value: amount}("");
            _check(ok, "the vault takes ether");
            etherIn += amount;
        } else {
            _force(address(REWARDS), amount);
        }
        executionRewards += amount;
        _count("proposerFees");
    }

    /// @dev Mostly nobody's fault; seldom as long as a fork without finality.
    function penalise(uint256 seed) external watched {
        SimulatedValidator storage validator = _active(seed);
        if (validator.life != Life.Active) return;
        seed = _next(seed);
        _lose(validator, seed % (seed % 4 == 1 ? 3 ether : 0.1 ether), seed % 4 == 0);
        _count("penalise");
    }

    /// @dev Seldom several at once, which takes most of each of them.
    function slash(uint256 seed) external watched {
        uint256 incident = seed % 4 == 0 ? 5 : 1;
        for (uint256 i = 0; i < incident; ++i) {
            seed = _next(seed);
            SimulatedValidator storage validator = _active(seed);
            if (validator.life != Life.Active || validator.slashed) continue;
            validator.slashed = true;
            ++slashings;
            _lose(validator, 1 ether + seed % (incident == 1 ? 1 ether : 24 ether), true);
            _count("slash");
        }
    }

    /// @dev A validator leaves: its balance comes back.
    function exit(uint256 seed) external watched {
        if (_exit(seed)) _count("exit");
    }

    /// @dev Many leave at once.
    function leaveTogether(uint256 seed) external watched {
        if (seed % 8 != 0) return;
        for (uint256 i = 0; i < 24; ++i) {
            if (_exit(seed >> 3)) _count("leaveTogether");
        }
    }

    function _exit(uint256 seed) private returns (bool) {
        SimulatedValidator storage validator = _active(seed);
        if (validator.life != Life.Active) return false;
        uint256 balance = validator.balance;
        validator.life = Life.Exited;
        validator.balance = 0;
        ++books[validator.operatorId].exited;
        activeBalance -= balance;
        _returns(balance);
        return true;
    }

    /// @dev What is above 32 ether comes back.
    function skim() external watched {
        uint256 sum = 0;
        for (uint256 i = 0; i < validators.length; ++i) {
            uint256 surplus = _less(validators[i].balance, VALIDATOR_ETHER);
            validators[i].balance -= uint128(surplus);
            sum += surplus;
        }
        activeBalance -= sum;
        _returns(sum);
        if (sum != 0) _count("skim");
    }

    /// @dev Ether that somebody sends to the withdrawal vault is a gain like any other; seldom so much that reports spread it.
    function donateToVault(uint256 amount) external watched {
        amount %= amount % 4 == 0 ? 30 ether : 0.5 ether;
        earned += amount;
        _returns(amount);
        _count("donateToVault");
    }

    /// @dev Nothing but time passes.
    function wait(uint256 seed) external watched {
        _at(time + seed % 8 hours);
        _count("wait");
    }

    /* INTERNAL */

    function _returns(uint256 amount) private {
        _force(address(WITHDRAWALS), amount);
        returned += amount;
    }

    function _earn(SimulatedValidator storage validator, uint256 amount) private {
        validator.balance += uint128(amount);
        activeBalance += amount;
        earned += amount;
    }

    function _lose(SimulatedValidator storage validator, uint256 amount, bool atFault) private {
        amount = _min(amount, validator.balance);
        validator.balance -= uint128(amount);
        activeBalance -= amount;
        lost += amount;
        if (atFault) books[validator.operatorId].unreportedLoss += amount;
    }

    /// @dev An active validator from a seed on; one that is not active when there is none.
    function _active(uint256 seed) private view returns (SimulatedValidator storage validator) {
        validator = _none;
        uint256 count = validators.length;
        for (uint256 i = 0; i < count && validator.life != Life.Active; ++i) {
            validator = validators[(seed % count + i) % count];
        }
    }
}
