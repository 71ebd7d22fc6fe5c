"""The ways in which callers reach Kache, by name.

A caller takes operations that have begun and gives them back with what was answered:

    await Caller.call(operations, seconds)      as many, in order; never raises for what Kache does
    await Caller.close()

One operation is a call of one key; several are a batch, of one kind and one level, each with a key of
its own. `Caller.fields` are the members of the history's operations that name the way: `caller`,
`coordinator` (None where the caller, or the gateway, chooses it) and `gateway`.
"""
