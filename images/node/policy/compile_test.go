package policy

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func pod(namespace, name, ip string, local bool, labels map[string]string, ports ...v1.ContainerPort) Pod {
	return Pod{namespace, name, netip.MustParseAddr(ip), labels, ports, local}
}

func policyFrom(t *testing.T, spec string) *networking.NetworkPolicy {
	t.Helper()
	p := &networking.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "app", Name: "p"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &p.Spec); err != nil {
		t.Fatal(err)
	}
	return p
}

func cluster(policies ...*networking.NetworkPolicy) State {
	return State{
		Pods: []Pod{
			pod("app", "web", "10.42.0.2", true, map[string]string{"app": "web"}, v1.ContainerPort{Name: "http", ContainerPort: 8080}),
			pod("app", "client", "10.42.0.3", true, map[string]string{"app": "client"}),
			pod("other", "far", "10.42.1.4", false, map[string]string{"app": "client"}, v1.ContainerPort{Name: "http", ContainerPort: 9090}),
		},
		Namespaces: map[string]map[string]string{"app": {"kubernetes.io/metadata.name": "app"}, "other": {"kubernetes.io/metadata.name": "other"}},
		Policies:   policies,
	}
}

func compile(t *testing.T, spec string) string {
	t.Helper()
	text, err := Compile(cluster(policyFrom(t, spec)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rulesOf gives the rules of one pod's chain.
func rulesOf(t *testing.T, text, chain string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "  chain "+chain+" {\n")
	if !ok {
		t.Fatalf("no chain %s in:\n%s", chain, text)
	}
	body, _, _ := strings.Cut(rest, "  }\n")
	var out []string
	for _, l := range strings.Split(strings.TrimSpace(body), "\n") {
		out = append(out, strings.TrimSpace(l))
	}
	return out[:len(out)-1]
}

func TestPoliciesBecomeRules(t *testing.T) {
	for name, c := range map[string]struct {
		spec, chain string
		want        []string
	}{
		"deny all in":     {"podSelector: {}", "in_10_42_0_2", nil},
		"allow all in":    {"{podSelector: {}, ingress: [{}]}", "in_10_42_0_2", []string{"meta nfproto ipv4 return"}},
		"named port":      {"{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: http}]}]}", "in_10_42_0_2", []string{"ip saddr { 10.42.0.3 } tcp dport 8080 return"}},
		"other namespace": {"{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]}", "in_10_42_0_2", []string{"ip saddr { 10.42.1.4 } return"}},
		"any namespace": {"{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}]}]}",
			"in_10_42_0_2", []string{"ip saddr { 10.42.0.3, 10.42.1.4 } return"}},
		"port range": {"{podSelector: {}, ingress: [{ports: [{protocol: UDP, port: 100, endPort: 200}]}]}", "in_10_42_0_3", []string{"meta nfproto ipv4 udp dport 100-200 return"}},
		"block": {"{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}], ports: [{protocol: TCP}]}]}",
			"out_10_42_0_3", []string{"ip daddr 10.0.0.0/8 ip daddr != 10.1.0.0/16 ip daddr != 10.2.0.0/16 meta l4proto tcp return"}},
		"named port of peers": {"{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: http}]}]}",
			"out_10_42_0_3", []string{"ip daddr 10.42.0.2 tcp dport 8080 return", "ip daddr 10.42.1.4 tcp dport 9090 return"}},
		"nobody selected": {"{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: none}}}]}]}", "in_10_42_0_2", nil},
	} {
		got := rulesOf(t, compile(t, c.spec), c.chain)
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestOnlySelectedDirectionsAndLocalPodsAreIsolated(t *testing.T) {
	text := compile(t, "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}")
	if strings.Contains(text, "chain out_") || strings.Contains(text, "chain in_10_42_0_3") || strings.Contains(text, "10_42_1_4") {
		t.Fatalf("too much is isolated:\n%s", text)
	}
	if text = compile(t, "{podSelector: {}, egress: [{}]}"); !strings.Contains(text, "chain out_10_42_0_2") || !strings.Contains(text, "chain in_10_42_0_2") {
		t.Fatalf("egress rules without policyTypes isolate both ways:\n%s", text)
	}
}

func TestSameStateGivesSameText(t *testing.T) {
	a, b := policyFrom(t, "podSelector: {}"), policyFrom(t, "{podSelector: {}, ingress: [{}]}")
	b.Name = "q"
	first, err := Compile(cluster(a, b))
	if err != nil {
		t.Fatal(err)
	}
	second, err := Compile(cluster(b, a))
	if err != nil || first != second {
		t.Fatalf("the order of policies changes the rules: %v", err)
	}
}

func TestNftAcceptsTheRules(t *testing.T) {
	nft, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("nft is not installed")
	}
	text := compile(t, "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: http}, {port: 1, endPort: 9}]}], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}]}]}")
	command := exec.Command(nft, "--check", "-f", "-")
	command.Stdin = strings.NewReader(text)
	if out, err := command.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "Operation not permitted") {
			t.Skip("nft needs root")
		}
		t.Fatalf("%v: %s\n%s", err, out, text)
	}
}
