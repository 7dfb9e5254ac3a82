// Stands in for the file of the same name in etcd's integration framework (go build -overlay): the same cluster for the
// tests, but each member is a process of the program that SUITE_ETCD names, reached over TCP.
package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/testutil"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/client/pkg/v3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
	epb "go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	lockpb "go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	framecfg "go.etcd.io/etcd/tests/v3/framework/config"
	"go.etcd.io/etcd/tests/v3/framework/testutils"
)

const (
	RequestWaitTimeout = 5 * time.Second
	RequestTimeout     = 20 * time.Second

	startTimeout = 60 * time.Second
	dialTimeout  = 25 * time.Second
)

func tlsFiles(server string) transport.TLSInfo {
	return transport.TLSInfo{
		KeyFile:        testutils.MustAbsPath("../fixtures/" + server + ".key.insecure"),
		CertFile:       testutils.MustAbsPath("../fixtures/" + server + ".crt"),
		TrustedCAFile:  testutils.MustAbsPath("../fixtures/ca.crt"),
		ClientCertAuth: true,
	}
}

var (
	ElectionTicks        = 10
	TestTLSInfo          = tlsFiles("server")
	TestTLSInfoIP        = tlsFiles("server-ip")
	TestTLSInfoExpired   = expired("server")
	TestTLSInfoExpiredIP = expired("server-ip")
	DefaultTokenJWT      = fmt.Sprintf("jwt,pub-key=%s,priv-key=%s,sign-method=RS256,ttl=2s",
		TestTLSInfo.CertFile, TestTLSInfo.KeyFile)
)

func expired(server string) transport.TLSInfo {
	return transport.TLSInfo{
		KeyFile:        testutils.MustAbsPath("./fixtures-expired/" + server + ".key.insecure"),
		CertFile:       testutils.MustAbsPath("./fixtures-expired/" + server + ".crt"),
		TrustedCAFile:  testutils.MustAbsPath("./fixtures-expired/ca.crt"),
		ClientCertAuth: true,
	}
}

type ClusterConfig struct {
	Size               int
	PeerTLS, ClientTLS *transport.TLSInfo
	DiscoveryURL       string
	AuthToken          string

	QuotaBackendBytes    int64
	BackendBatchInterval time.Duration

	MaxTxnOps, MaxRequestBytes            uint
	SnapshotCount, SnapshotCatchUpEntries uint64

	GRPCKeepAliveMinTime, GRPCKeepAliveInterval, GRPCKeepAliveTimeout time.Duration
	GRPCAdditionalServerOptions                                       []grpc.ServerOption

	ClientMaxCallSendMsgSize, ClientMaxCallRecvMsgSize int

	UseIP, UseBridge, UseTCP bool

	EnableLeaseCheckpoint, LeaseCheckpointPersist bool
	LeaseCheckpointInterval                       time.Duration

	WatchProgressNotifyInterval time.Duration
	MaxLearners                 int
	DisableStrictReconfigCheck  bool
	CorruptCheckTime            time.Duration
	Metrics                     string
}

type Cluster struct {
	Cfg     *ClusterConfig
	Members []*Member
	root    string
	state   string
}

type serverConfig struct {
	Name              string
	DataDir           string
	PeerURLs          types.URLs
	ClientURLs        types.URLs
	QuotaBackendBytes int64
	ElectionTicks     int
}

// ReqTimeout is etcd's: 5 s and two elections.
func (serverConfig) ReqTimeout() time.Duration { return 7 * time.Second }

type Member struct {
	ServerConfig serverConfig
	serverConfig
	GRPCURL       string
	Client        *clientv3.Client
	ServerClient  *clientv3.Client
	ClientTLSInfo *transport.TLSInfo
	DialOptions   []grpc.DialOption
	IsLearner     bool

	cluster *Cluster
	address string
	bridge  Bridge
	process *exec.Cmd
	ended   chan struct{}
	id      types.ID
}

// freePort stays below those that the system gives to outgoing connections, which could take it before its member listens.
func freePort() int {
	for {
		port := 10_000 + rand.Intn(20_000)
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
}

func scheme(info *transport.TLSInfo) string {
	if info == nil {
		return "http"
	}
	return "https"
}

func NewCluster(t testutil.TB, cfg *ClusterConfig) *Cluster {
	root, err := os.MkdirTemp("", "suite")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Cfg: cfg, root: root, state: "new"}
	whole := false
	defer func() {
		if !whole { // what is left over would fail the tests that follow
			c.Terminate(t)
		}
	}()
	for i := 0; i < cfg.Size; i++ {
		c.newMember(t)
	}
	for _, m := range c.Members {
		m.start(t)
	}
	for _, m := range c.Members {
		m.await(t)
	}
	whole = true
	return c
}

func (c *Cluster) newMember(t testutil.TB) *Member {
	name := fmt.Sprintf("m%d", len(c.Members))
	m := &Member{cluster: c, address: fmt.Sprintf("localhost:%d", freePort()), ClientTLSInfo: c.Cfg.ClientTLS}
	if c.Cfg.UseIP {
		m.address = strings.Replace(m.address, "localhost", "127.0.0.1", 1)
	}
	peers, err := types.NewURLs([]string{fmt.Sprintf("%s://127.0.0.1:%d", scheme(c.Cfg.PeerTLS), freePort())})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := types.NewURLs([]string{scheme(m.ClientTLSInfo) + "://127.0.0.1" + m.address[strings.LastIndex(m.address, ":"):]})
	if err != nil {
		t.Fatal(err)
	}
	m.serverConfig = serverConfig{Name: name, ClientURLs: clients, DataDir: filepath.Join(c.root, name), PeerURLs: peers,
		QuotaBackendBytes: c.Cfg.QuotaBackendBytes, ElectionTicks: ElectionTicks}
	m.ServerConfig = m.serverConfig
	m.GRPCURL = scheme(m.ClientTLSInfo) + "://" + m.address
	if c.Cfg.UseBridge {
		front, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		m.bridge = newBridge(dialer{m.address}, front)
		m.GRPCURL = fmt.Sprintf("%s://localhost:%d", scheme(m.ClientTLSInfo), front.Addr().(*net.TCPAddr).Port)
	}
	c.Members = append(c.Members, m)
	return m
}

type dialer struct{ address string }

// Dial never fails, because a bridge ends with the first dial that does: while nobody listens it gives a connection that ends.
func (d dialer) Dial() (net.Conn, error) {
	conn, err := net.Dial("tcp", d.address)
	if err != nil {
		near, far := net.Pipe()
		far.Close()
		return near, nil
	}
	return conn, nil
}

func (m *Member) flags() []string {
	c := m.cluster
	var cluster []string
	for _, other := range c.Members {
		cluster = append(cluster, other.Name+"="+other.PeerURLs.String())
	}
	own := scheme(m.ClientTLSInfo) + "://" + m.address
	flags := []string{"--name", m.Name, "--data-dir", m.DataDir,
		"--listen-client-urls", strings.Replace(own, "localhost", "127.0.0.1", 1), "--advertise-client-urls", own,
		"--listen-peer-urls", m.PeerURLs.String(), "--initial-advertise-peer-urls", m.PeerURLs.String(),
		"--initial-cluster", strings.Join(cluster, ","), "--initial-cluster-state", c.state,
		"--initial-cluster-token", c.root, "--log-level", "warn"}
	add := func(set bool, flag string, value any) {
		if set {
			flags = append(flags, fmt.Sprintf("--%s=%v", flag, value))
		}
	}
	add(c.Cfg.AuthToken != "", "auth-token", c.Cfg.AuthToken)
	add(m.QuotaBackendBytes != 0, "quota-backend-bytes", m.QuotaBackendBytes)
	add(c.Cfg.BackendBatchInterval != 0, "backend-batch-interval", c.Cfg.BackendBatchInterval)
	add(c.Cfg.MaxTxnOps != 0, "max-txn-ops", c.Cfg.MaxTxnOps)
	add(c.Cfg.MaxRequestBytes != 0, "max-request-bytes", c.Cfg.MaxRequestBytes)
	add(c.Cfg.SnapshotCount != 0, "snapshot-count", c.Cfg.SnapshotCount)
	add(c.Cfg.GRPCKeepAliveMinTime != 0, "grpc-keepalive-min-time", c.Cfg.GRPCKeepAliveMinTime)
	add(c.Cfg.GRPCKeepAliveInterval != 0, "grpc-keepalive-interval", c.Cfg.GRPCKeepAliveInterval)
	add(c.Cfg.GRPCKeepAliveTimeout != 0, "grpc-keepalive-timeout", c.Cfg.GRPCKeepAliveTimeout)
	progress := c.Cfg.WatchProgressNotifyInterval
	if set := v3rpc.GetProgressReportInterval(); progress == 0 && set < time.Minute { // tests set it where etcd would read it
		progress = set
	}
	add(progress != 0, "watch-progress-notify-interval", progress)
	add(c.Cfg.MaxLearners != 0, "max-learners", c.Cfg.MaxLearners)
	add(c.Cfg.DisableStrictReconfigCheck, "strict-reconfig-check", false)
	add(c.Cfg.CorruptCheckTime != 0, "corrupt-check-time", c.Cfg.CorruptCheckTime)
	add(c.Cfg.Metrics != "", "metrics", c.Cfg.Metrics)
	var gates []string
	if c.Cfg.EnableLeaseCheckpoint {
		gates = append(gates, "LeaseCheckpoint=true")
	}
	if c.Cfg.LeaseCheckpointPersist {
		gates = append(gates, "LeaseCheckpointPersist=true")
	}
	add(len(gates) > 0, "feature-gates", strings.Join(gates, ","))
	for prefix, info := range map[string]*transport.TLSInfo{"": m.ClientTLSInfo, "peer-": c.Cfg.PeerTLS} {
		if info != nil {
			add(true, prefix+"cert-file", info.CertFile)
			add(true, prefix+"key-file", info.KeyFile)
			add(info.TrustedCAFile != "", prefix+"trusted-ca-file", info.TrustedCAFile)
			add(info.ClientCertAuth, prefix+"client-cert-auth", true)
		}
	}
	return flags
}

func (m *Member) start(t testutil.TB) {
	m.process = exec.Command(os.Getenv("SUITE_ETCD"), m.flags()...)
	m.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if folder := os.Getenv("SUITE_LOGS"); folder != "" {
		name := fmt.Sprintf("%s-%s.log", filepath.Base(m.cluster.root), m.Name)
		if log, err := os.OpenFile(filepath.Join(folder, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			defer log.Close()
			m.process.Stdout, m.process.Stderr = log, log
		}
	}
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	process, ended := m.process, make(chan struct{})
	m.ended = ended
	go func() {
		_ = process.Wait()
		close(ended)
	}()
}

func (m *Member) await(t testutil.TB) {
	if m.Client == nil {
		client, err := NewClientV3(m)
		if err != nil {
			t.Fatal(err)
		}
		m.Client, m.ServerClient = client, client
	}
	m.WaitStarted(t)
}

// WaitStarted returns once the member answers for itself and knows a leader.
func (m *Member) WaitStarted(t testutil.TB) {
	for end := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		status, err := m.Client.Status(ctx, m.Client.Endpoints()[0])
		cancel()
		if err == nil {
			m.id = types.ID(status.Header.MemberId)
			if status.Leader != 0 {
				return
			}
			err = errors.New("no leader")
		} else if strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "user name") {
			return // an answer, if one of a store with auth enabled
		}
		select {
		case <-m.ended:
			t.Fatalf("member %s ended: %v", m.Name, m.process.ProcessState)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("member %s does not answer: %v", m.Name, err)
		}
	}
}

func (m *Member) WaitOK(t testutil.TB) { m.WaitStarted(t) }

func (m *Member) Bridge() Bridge                 { return m.bridge }
func (m *Member) ID() types.ID                   { return m.id }
func (m *Member) URL() string                    { return scheme(m.ClientTLSInfo) + "://" + m.address }
func (m *Member) ElectionTimeout() time.Duration { return time.Second }
func (m *Member) Pause()                         { _ = m.process.Process.Signal(syscall.SIGSTOP) }
func (m *Member) Resume()                        { _ = m.process.Process.Signal(syscall.SIGCONT) }
func (m *Member) StopNotify() <-chan struct{}    { return m.ended }

func (m *Member) ReadyNotify() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}

func (m *Member) end(signal syscall.Signal) {
	if m.process == nil || m.process.Process == nil {
		return
	}
	_ = m.process.Process.Signal(signal)
	select {
	case <-m.ended:
	case <-time.After(20 * time.Second):
		_ = m.process.Process.Kill()
		<-m.ended
	}
}

// Close ends the process and keeps its data.
func (m *Member) Close() { m.end(syscall.SIGKILL) }

func (m *Member) Stop(testutil.TB) { m.end(syscall.SIGTERM) }

func (m *Member) Restart(t testutil.TB) error {
	m.start(t)
	return nil
}

func (m *Member) Terminate(testutil.TB) {
	m.Close()
	_ = os.RemoveAll(m.DataDir)
}

// Metric reads one value from the member's metrics page.
func (m *Member) Metric(name string, labels ...string) (string, error) {
	answer, err := http.Get(m.URL() + "/metrics")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var page strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := answer.Body.Read(buffer)
		page.Write(buffer[:n])
		if err != nil {
			break
		}
	}
lines:
	for _, line := range strings.Split(page.String(), "\n") {
		if !strings.HasPrefix(line, name) {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(line, label) {
				continue lines
			}
		}
		return strings.TrimSpace(line[strings.LastIndex(line, " ")+1:]), nil
	}
	return "", nil
}

// NewClientV3 dials again while the process starts: the time for one dial is etcd's, since a client also waits that long
// for the first answer to a keep-alive.
func NewClientV3(m *Member) (*clientv3.Client, error) {
	cfg, err := m.cluster.clientConfig(m.ClientTLSInfo)
	if err != nil {
		return nil, err
	}
	cfg.Endpoints = []string{m.GRPCURL}
	cfg.DialOptions = append(cfg.DialOptions, m.DialOptions...)
	for end := time.Now().Add(dialTimeout); ; {
		client, err := newClientV3(*cfg)
		if err == nil || time.Now().After(end) || !errors.Is(err, context.DeadlineExceeded) {
			return client, err
		}
	}
}

func (c *Cluster) clientConfig(info *transport.TLSInfo) (*clientv3.Config, error) {
	cfg := &clientv3.Config{DialTimeout: 5 * time.Second, DialOptions: []grpc.DialOption{grpc.WithBlock()},
		MaxCallSendMsgSize: c.Cfg.ClientMaxCallSendMsgSize, MaxCallRecvMsgSize: c.Cfg.ClientMaxCallRecvMsgSize}
	if info != nil {
		tls, err := info.ClientConfig()
		if err != nil {
			return nil, err
		}
		cfg.TLS = tls
	}
	return cfg, nil
}

func (c *Cluster) ClusterClient(t testing.TB, opts ...framecfg.ClientOption) (*clientv3.Client, error) {
	cfg, err := c.clientConfig(c.Cfg.ClientTLS)
	if err != nil {
		return nil, err
	}
	cfg.Endpoints = c.Endpoints()
	for _, opt := range opts {
		opt(cfg)
	}
	client, err := newClientV3(*cfg)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { client.Close() })
	return client, nil
}

func WithAuth(user, password string) framecfg.ClientOption {
	return func(c any) { cfg := c.(*clientv3.Config); cfg.Username, cfg.Password = user, password }
}

func WithEndpoints(endpoints []string) framecfg.ClientOption {
	return func(c any) { c.(*clientv3.Config).Endpoints = endpoints }
}

func WaitClientV3(t testutil.TB, kv clientv3.KV) { WaitClientV3WithKey(t, kv, "/") }

func WaitClientV3WithKey(t testutil.TB, kv clientv3.KV, key string) {
	var err error
	for end := time.Now().Add(RequestTimeout); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), RequestTimeout)
		_, err = kv.Get(ctx, key)
		cancel()
		if err == nil {
			return
		}
	}
	t.Fatalf("no answer: %v", err)
}

func (c *Cluster) Endpoints() []string {
	var endpoints []string
	for _, m := range c.Members {
		endpoints = append(endpoints, m.GRPCURL)
	}
	return endpoints
}

func (c *Cluster) Client(i int) *clientv3.Client               { return c.Members[i].Client }
func (c *Cluster) RandClient() *clientv3.Client                { return c.Members[rand.Intn(len(c.Members))].Client }
func (c *Cluster) TakeClient(i int)                            { c.Members[i].Client = nil }
func (c *Cluster) WaitLeader(t testing.TB) int                 { return c.WaitMembersForLeader(t, c.Members) }
func (c *Cluster) NewClientV3(i int) (*clientv3.Client, error) { return NewClientV3(c.Members[i]) }

// WaitMembersForLeader returns the index of the leader that all given members name; it must be one of them.
func (c *Cluster) WaitMembersForLeader(t testing.TB, members []*Member) int {
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		leaders := map[uint64]bool{}
		for _, m := range members {
			select {
			case <-m.ended:
				continue
			default:
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			status, err := m.ServerClient.Status(ctx, m.GRPCURL)
			cancel()
			if err != nil {
				leaders[0] = true
				break
			}
			leaders[status.Leader] = true
		}
		if len(leaders) != 1 {
			continue
		}
		for i, m := range members {
			if leaders[uint64(m.id)] {
				return i
			}
		}
	}
	t.Fatal("no leader")
	return -1
}

func (c *Cluster) GetLearnerMembers() ([]*pb.Member, error) {
	list, err := c.Client(0).MemberList(context.Background())
	if err != nil {
		return nil, err
	}
	var learners []*pb.Member
	for _, m := range list.Members {
		if m.IsLearner {
			learners = append(learners, m)
		}
	}
	return learners, nil
}

func (c *Cluster) AddAndLaunchLearnerMember(t testutil.TB) {
	m := c.newMember(t)
	m.IsLearner = true
	if _, err := c.Client(0).MemberAddAsLearner(context.Background(), m.PeerURLs.StringSlice()); err != nil {
		t.Fatal(err)
	}
	c.state = "existing"
	m.start(t)
	m.await(t)
}

// MustNewMember names a member that is not started yet.
func (c *Cluster) MustNewMember(t testutil.TB) *Member { return c.newMember(t) }

func (c *Cluster) Terminate(testutil.TB) {
	for _, m := range c.Members {
		for _, client := range []*clientv3.Client{m.Client, m.ServerClient} {
			if client != nil {
				_ = client.Close()
			}
		}
		if m.bridge != nil {
			m.bridge.Close()
		}
		m.Close()
	}
	_ = os.RemoveAll(c.root)
}

func makeClients(t testutil.TB, c *Cluster, clients *[]*clientv3.Client, choose func() int) func() *clientv3.Client {
	var mutex sync.Mutex
	*clients = nil
	return func() *clientv3.Client {
		client, err := c.NewClientV3(choose())
		if err != nil {
			t.Fatal(err)
		}
		mutex.Lock()
		defer mutex.Unlock()
		*clients = append(*clients, client)
		return client
	}
}

func MakeSingleNodeClients(t testutil.TB, c *Cluster, clients *[]*clientv3.Client) func() *clientv3.Client {
	return makeClients(t, c, clients, func() int { return 0 })
}

func MakeMultiNodeClients(t testutil.TB, c *Cluster, clients *[]*clientv3.Client) func() *clientv3.Client {
	return makeClients(t, c, clients, func() int { return rand.Intn(len(c.Members)) })
}

func CloseClients(t testutil.TB, clients []*clientv3.Client) {
	for _, client := range clients {
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

type GRPCAPI struct {
	Cluster     pb.ClusterClient
	KV          pb.KVClient
	Lease       pb.LeaseClient
	Watch       pb.WatchClient
	Maintenance pb.MaintenanceClient
	Auth        pb.AuthClient
	Lock        lockpb.LockClient
	Election    epb.ElectionClient
}
