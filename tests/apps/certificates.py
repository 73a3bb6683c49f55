"""Certificates for tests, made by the openssl program."""

import pathlib
import subprocess
import tempfile

CONFIGURATION = """
[ca]
default_ca = here
[here]
new_certs_dir = {folder}
database = {folder}/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
[any]
commonName = supplied
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Authority:
    def __init__(self, name="Test Authority"):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)
        self.folder.chmod(0o755)
        (self.folder / "index").write_text("")
        (self.folder / "conf").write_text(CONFIGURATION.format(folder=self.folder))
        self.file = self.folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj",
                f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.folder / "ca.key", "-out", self.file)

    def issue(self, name, alternative="DNS:localhost,IP:127.0.0.1", begin="20200101000000Z", end="20491231000000Z",
              pass_phrase=None):
        """Files of a certificate and its key."""
        base = self.folder / name.replace(" ", "-")
        key, request, certificate = base.with_suffix(".key"), base.with_suffix(".csr"), base.with_suffix(".pem")
        extensions = base.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={alternative}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        protection = ["-passout", f"pass:{pass_phrase}"] if pass_phrase else ["-nodes"]
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *protection, "-subj",
                f"/CN={name}", "-keyout", key, "-out", request)
        openssl("ca", "-config", self.folder / "conf", "-batch", "-notext", "-in", request, "-out", certificate,
                "-startdate", begin, "-enddate", end, "-extfile", extensions)
        key.chmod(0o644)
        return certificate, key

    def close(self):
        self.holder.cleanup()
