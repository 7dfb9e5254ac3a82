package holdfast.server.truth.auth;

import holdfast.core.base.Require.BadValue;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.params.RSAPrivateCrtKeyParameters;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.jspecify.annotations.Nullable;

/// One way to sign with its keys, by its name in JSON web tokens (RFC 7518, RFC 8037).
sealed interface SignMethod {
    /// Such as `RS256`.
    String name();

    boolean canSign();

    byte[] sign(byte[] body);

    boolean verifies(byte[] body, byte[] signature);

    /// @param privateFile of HS methods the secret itself; else PEM
    static SignMethod of(String name, @Nullable Path privateFile, @Nullable Path publicFile)
            throws IOException, GeneralSecurityException {
        if (!name.matches("(HS|RS|PS|ES)(256|384|512)|EdDSA"))
            throw new BadValue("auth-token's sign-method is " + name + "; it must be HS256, RS256, PS256, ES256 "
                    + "(or with 384 or 512) or EdDSA");
        if (name.startsWith("HS")) {
            if (privateFile == null) throw new BadValue("auth-token's priv-key is missing; it must be given");
            return new Secret(name, new SecretKeySpec(Files.readAllBytes(privateFile), "HmacSHA" + name.substring(2)));
        }
        return Pair.of(name, privateFile, publicFile);
    }

    /// One secret signs and verifies.
    record Secret(String name, SecretKeySpec key) implements SignMethod {
        @Override
        public boolean canSign() {
            return true;
        }

        @Override
        public byte[] sign(byte[] body) {
            try {
                Mac mac = Mac.getInstance(key.getAlgorithm());
                mac.init(key);
                return mac.doFinal(body);
            } catch (GeneralSecurityException bug) {
                throw new IllegalStateException(bug);
            }
        }

        @Override
        public boolean verifies(byte[] body, byte[] signature) {
            return MessageDigest.isEqual(sign(body), signature);
        }
    }

    /// A private key signs, a public one verifies.
    ///
    /// @param privateKey null for who only verifies
    record Pair(String name, @Nullable PrivateKey privateKey, PublicKey publicKey) implements SignMethod {

        static Pair of(String name, @Nullable Path privateFile, @Nullable Path publicFile)
                throws IOException, GeneralSecurityException {
            KeyFactory family =
                    KeyFactory.getInstance(name.startsWith("ES") ? "EC" : name.equals("EdDSA") ? "Ed25519" : "RSA");
            @Nullable PrivateKeyInfo secret = privateFile == null ? null : privateKey(privateFile);
            byte @Nullable [] given = publicFile == null ? null : publicKey(publicFile);
            byte @Nullable [] derived = secret == null ? null : publicOf(secret);
            byte @Nullable [] open = derived == null ? given : derived;
            if (open == null) throw new BadValue("auth-token's priv-key and pub-key are missing; one must be given");
            if (given != null && !Arrays.equals(given, open))
                throw new BadValue("auth-token's pub-key is " + publicFile + "; it must fit priv-key");
            PublicKey publicKey = family.generatePublic(new X509EncodedKeySpec(open));
            int bits = publicKey instanceof ECKey key
                    ? key.getParams().getCurve().getField().getFieldSize()
                    : 0;
            if (name.startsWith("ES") && bits != (name.equals("ES512") ? 521 : Integer.parseInt(name.substring(2))))
                throw new BadValue("auth-token's key has " + bits + " bits; it must have those of " + name);
            return new Pair(
                    name,
                    secret == null ? null : family.generatePrivate(new PKCS8EncodedKeySpec(secret.getEncoded())),
                    publicKey);
        }

        private static Object pem(Path file) throws IOException {
            try (Reader reader = Files.newBufferedReader(file);
                    PEMParser parser = new PEMParser(reader)) {
                Object found = parser.readObject();
                while (found != null && isParameters(found)) found = parser.readObject();
                if (found == null) throw new IOException(file + " holds no PEM");
                return found;
            }
        }

        /// What openssl writes before an EC key.
        private static boolean isParameters(Object found) {
            return found instanceof org.bouncycastle.asn1.ASN1ObjectIdentifier;
        }

        private static PrivateKeyInfo privateKey(Path file) throws IOException {
            return switch (pem(file)) {
                case PEMKeyPair pair -> pair.getPrivateKeyInfo();
                case PrivateKeyInfo info -> info;
                case Object other ->
                    throw new IOException(file + " holds no private key but a "
                            + other.getClass().getSimpleName());
            };
        }

        private static byte[] publicKey(Path file) throws IOException {
            return switch (pem(file)) {
                case SubjectPublicKeyInfo info -> info.getEncoded();
                case X509CertificateHolder certificate ->
                    certificate.getSubjectPublicKeyInfo().getEncoded();
                case Object other ->
                    throw new IOException(file + " holds no public key but a "
                            + other.getClass().getSimpleName());
            };
        }

        private static byte[] publicOf(PrivateKeyInfo info) throws IOException {
            AsymmetricKeyParameter open = switch (PrivateKeyFactory.createKey(info)) {
                case RSAPrivateCrtKeyParameters rsa ->
                    new RSAKeyParameters(false, rsa.getModulus(), rsa.getPublicExponent());
                case ECPrivateKeyParameters ec ->
                    new ECPublicKeyParameters(
                            ec.getParameters().getG().multiply(ec.getD()).normalize(), ec.getParameters());
                case Ed25519PrivateKeyParameters ed -> ed.generatePublicKey();
                case AsymmetricKeyParameter other ->
                    throw new IOException(
                            "auth-token's priv-key is a " + other.getClass().getSimpleName());
            };
            return SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(open).getEncoded();
        }

        private Signature signature() throws GeneralSecurityException {
            if (name.equals("EdDSA")) return Signature.getInstance("Ed25519");
            String bits = name.substring(2);
            if (name.startsWith("RS")) return Signature.getInstance("SHA" + bits + "withRSA");
            if (name.startsWith("ES")) return Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
            Signature pss = Signature.getInstance("RSASSA-PSS");
            String hash = "SHA-" + bits;
            pss.setParameter(new PSSParameterSpec(
                    hash, "MGF1", new MGF1ParameterSpec(hash), Integer.parseInt(bits) / 8, /* trailer= */ 1));
            return pss;
        }

        @Override
        public boolean canSign() {
            return privateKey != null;
        }

        @Override
        public byte[] sign(byte[] body) {
            try {
                Signature signature = signature();
                signature.initSign(privateKey);
                signature.update(body);
                return signature.sign();
            } catch (GeneralSecurityException bug) {
                throw new IllegalStateException(bug);
            }
        }

        @Override
        public boolean verifies(byte[] body, byte[] signed) {
            try {
                Signature signature = signature();
                signature.initVerify(publicKey);
                signature.update(body);
                return signature.verify(signed);
            } catch (SignatureException _) {
                return false; // not even shaped like one
            } catch (GeneralSecurityException bug) {
                throw new IllegalStateException(bug);
            }
        }
    }
}
