"""Certificates as a deployment makes them, by the openssl program."""

import pathlib
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *(str(a) for a in arguments)], check=True, capture_output=True)


class Authority:
    """A certificate authority in a folder, and what it issues."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.cert = self.folder / f"{name}.crt"
        self._key = self.folder / f"{name}.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", 30, "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.cert)

    def issue(self, name, hosts="DNS:localhost,IP:127.0.0.1", days=30, into=None):
        """(certificate, key) for `hosts`. `into`: another name for the files, to be replaced.
        Negative days: it has expired."""
        certificate = self.folder / f"{into or name}.crt"
        key = self.folder / f"{into or name}.key"
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\n")
        new_key, new_certificate = self.folder / f"{name}.key.new", self.folder / f"{name}.crt.new"
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", new_key, "-out", request)
        if days > 0:
            _openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self._key,
                     "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", new_certificate)
        else:
            self._issue_expired(request, extensions, new_certificate)
        new_key.rename(key)
        new_certificate.rename(certificate)
        return certificate, key

    def _issue_expired(self, request, extensions, certificate):
        # `openssl x509` takes no dates before OpenSSL 3.4; `openssl ca` does, but wants files.
        database = self.folder / "index.txt"
        database.write_text("")
        serial = self.folder / "serial.txt"
        serial.write_text("1000\n")
        config = self.folder / "ca.cnf"
        config.write_text(
            "[ca]\ndefault_ca=own\n[own]\n"
            f"database={database}\nserial={serial}\nnew_certs_dir={self.folder}\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        _openssl("ca", "-batch", "-config", config, "-cert", self.cert, "-keyfile", self._key,
                 "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
                 "-extfile", extensions, "-in", request, "-out", certificate, "-notext")
