// Makes a Common of EthereumJS spend less time on its parameters. A block, a transaction and a call each take a copy of the chain's
// Common and add their own parameters to it, which copies them as JSON and builds the table of all parameters anew: a quarter of what an
// execution client computes, for a result that is the same every time.

/**
 * Replaces methods of a Common class: parameters that a Common has already are not added again, and a table that was built from the same
 * parameters for the same fork is taken instead of building it. The results are those of the methods that they replace.
 */
export function skipKnownParams(Common) {
  const { updateParams, _buildParamsCache } = Common.prototype;
  // Copies of a Common share the parameters, which each of them may change, and the list of forks.
  const tables = new WeakMap();

  Common.prototype._buildParamsCache = function () {
    const known = entry(
      entry(tables, this._params, () => new WeakMap()),
      this.HARDFORK_CHANGES,
      () => new Map(),
    );
    const key = `${this._hardfork} ${this._eips}`;
    const table = known.get(key);
    if (table) this._paramsCache = table;
    else {
      _buildParamsCache.call(this);
      known.set(key, this._paramsCache);
    }
  };

  Common.prototype.updateParams = function (params) {
    if (has(this._params, params)) this._buildParamsCache();
    else {
      tables.delete(this._params);
      updateParams.call(this, params);
    }
  };
}

function has(own, params) {
  for (const eip in params) {
    const mine = own[eip];
    if (mine === undefined) return false;
    const section = params[eip];
    for (const name in section) if (mine[name] !== section[name]) return false;
  }
  return true;
}

function entry(map, key, make) {
  let value = map.get(key);
  if (!value) map.set(key, (value = make()));
  return value;
}
