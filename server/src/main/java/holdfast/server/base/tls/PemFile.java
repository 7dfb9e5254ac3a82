package holdfast.server.base.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.server.base.SafeFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.bouncycastle.util.io.pem.PemWriter;

/// PEM text and files. A file is readable by its owner only, and is whole or absent after a crash.
final class PemFile {
    private PemFile() {}

    static String encode(String type, byte[] content) {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, content));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.toString();
    }

    /// The content of the first PEM object in `text`; throws [IOException] where there is none.
    static byte[] decode(String text) throws IOException {
        try (PemReader reader = new PemReader(new StringReader(text))) {
            PemObject object = reader.readPemObject();
            if (object == null) throw new IOException("no PEM object in " + text.length() + " characters");
            return object.getContent();
        }
    }

    static X509Certificate certificate(String pem) throws IOException, GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(decode(pem)));
    }

    /// Every certificate in `pem`, in order.
    static X509Certificate[] certificates(String pem) throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(US_ASCII)))
                .toArray(X509Certificate[]::new);
    }

    /// The first private key in `pem`: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), unencrypted.
    static PrivateKey privateKey(String pem) throws IOException, GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                if (object instanceof PEMKeyPair pair) object = pair.getPrivateKeyInfo();
                if (object instanceof PrivateKeyInfo info) return new JcaPEMKeyConverter().getPrivateKey(info);
            }
        }
        throw new IOException("no private key in " + pem.length() + " characters");
    }

    static String read(Path file) throws IOException {
        return Files.readString(file, US_ASCII);
    }

    static void write(Path file, String text) throws IOException {
        SafeFile.writeSecret(file, text.getBytes(US_ASCII));
    }
}
