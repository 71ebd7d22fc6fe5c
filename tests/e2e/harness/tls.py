"""The client's side of TLS."""

import ssl


def context_of(ca, pair=None, check=True):
    """Trusts the authority of the file `ca`; shows the files `pair` of a certificate and its key.
    Without `check` it takes any certificate."""
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = check
    if not check:
        context.verify_mode = ssl.CERT_NONE
    if pair:
        context.load_cert_chain(*(str(path) for path in pair))
    return context
