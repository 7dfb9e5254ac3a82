// Stands in for the file test_server.go of Kubernetes' storage tests (go build -overlay): the same answers to the tests,
// but the server is a process of the program that SUITE_ETCD names.
package testserver

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.etcd.io/etcd/server/v3/embed"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
)

func freeURL(t testing.TB) url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return url.URL{Scheme: "http", Host: listener.Addr().String()}
}

// NewTestConfig names free ports and a folder of its own.
func NewTestConfig(t testing.TB) *embed.Config {
	cfg := embed.NewConfig()
	client, peer := freeURL(t), freeURL(t)
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.Dir = t.TempDir()
	return cfg
}

// RunEtcd starts the program as cfg says and returns a client of it; both end with the test.
func RunEtcd(t testing.TB, cfg *embed.Config) *kubernetes.Client {
	t.Helper()
	if cfg == nil {
		cfg = NewTestConfig(t)
	}
	client, peer := cfg.ListenClientUrls[0].String(), cfg.ListenPeerUrls[0].String()
	flags := []string{"--name", cfg.Name, "--data-dir", cfg.Dir, "--log-level", "warn",
		"--listen-client-urls", client, "--advertise-client-urls", cfg.AdvertiseClientUrls[0].String(),
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", cfg.InitialCluster,
		"--watch-progress-notify-interval", cfg.WatchProgressNotifyInterval.String()}
	if !cfg.ClientTLSInfo.Empty() {
		flags = append(flags, "--cert-file", cfg.ClientTLSInfo.CertFile, "--key-file", cfg.ClientTLSInfo.KeyFile)
		if cfg.ClientTLSInfo.TrustedCAFile != "" {
			flags = append(flags, "--trusted-ca-file", cfg.ClientTLSInfo.TrustedCAFile, "--client-cert-auth")
		}
	}
	process := exec.Command(os.Getenv("SUITE_ETCD"), flags...)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	tls, err := cfg.ClientTLSInfo.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	store, err := kubernetes.New(clientv3.Config{TLS: tls, Endpoints: []string{client}, DialTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, err = store.KV.Get(ctx, "started")
		cancel()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not answer: %v", err)
		}
	}
	store.KV = storagetesting.NewKVRecorder(store.KV)
	store.Kubernetes = storagetesting.NewKubernetesRecorder(store.Kubernetes)
	return store
}
