import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * The lab's Java client: java Client.java LIBRARY URL BURSTS PARALLEL PAUSE TLS...
 * The library is client1 or client2 (java.net.http.HttpClient, HTTP/1.1 or HTTP/2) or url
 * (HttpsURLConnection). The pause is in ms; TLS are the versions to offer, such as TLSv1.3;
 * with "verify" after them it trusts no certificate of the lab. It stays until its stdin ends.
 */
public class Client {
    static final TrustManager TRUSTING = new X509ExtendedTrustManager() {
        public void checkClientTrusted(X509Certificate[] c, String a) {}
        public void checkServerTrusted(X509Certificate[] c, String a) {}
        public void checkClientTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
        public void checkServerTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
        public void checkClientTrusted(X509Certificate[] c, String a, javax.net.ssl.SSLEngine e) {}
        public void checkServerTrusted(X509Certificate[] c, String a, javax.net.ssl.SSLEngine e) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };

    public static void main(String[] args) throws Exception {
        boolean verify = args[args.length - 1].equals("verify");
        String[] versions = java.util.Arrays.copyOfRange(args, 5, args.length - (verify ? 1 : 0));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, verify ? null : new TrustManager[] {TRUSTING}, null);
        URI uri = URI.create(args[1]);
        var factory = context.getSocketFactory(); // connections are kept for each factory
        HostnameVerifier any = (h, s) -> true;
        int parallel = Integer.parseInt(args[3]);
        HttpClient client = HttpClient.newBuilder()
            .version(args[0].equals("client2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
            .sslContext(context).sslParameters(new SSLParameters(null, versions)).build();
        for (int i = 0; i < Integer.parseInt(args[2]); i++) {
            if (i > 0) Thread.sleep(Long.parseLong(args[4]));
            try {
                if (args[0].equals("url")) {
                    HttpsURLConnection c = (HttpsURLConnection) uri.toURL().openConnection();
                    c.setSSLSocketFactory(factory);
                    c.setHostnameVerifier(any);
                    c.getInputStream().readAllBytes();
                    continue;
                }
                var all = new ArrayList<CompletableFuture<?>>();
                for (int k = 0; k < parallel; k++)
                    all.add(client.sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString()));
                for (var f : all) f.get();
            } catch (Exception e) {
                System.err.println(e);
            }
        }
        System.out.println("{\"event\":\"done\"}");
        System.out.flush();
        System.in.readAllBytes();
        Runtime.getRuntime().halt(0);
    }
}
