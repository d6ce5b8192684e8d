// Package kubeconfig writes client configurations.
package kubeconfig

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"bridle.local/node/files"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// WriteFor writes a configuration that names certificate files.
func WriteFor(path, server, ca, certBase string) error {
	c := skeleton(server, "local", "user")
	c.Clusters["local"].CertificateAuthority = ca
	c.AuthInfos["user"].ClientCertificate = certBase + ".crt"
	c.AuthInfos["user"].ClientKey = certBase + ".key"
	return write(path, c, 0o600, "")
}

// WriteAdmin writes the administrator's configuration with the certificates inside.
func WriteAdmin(path, server, ca, certBase, mode, group string) error {
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return fmt.Errorf("write-kubeconfig-mode %q is no octal number", mode)
	}
	c := skeleton(server, "default", "default")
	for path, into := range map[string]*[]byte{
		ca: &c.Clusters["default"].CertificateAuthorityData, certBase + ".crt": &c.AuthInfos["default"].ClientCertificateData,
		certBase + ".key": &c.AuthInfos["default"].ClientKeyData,
	} {
		if *into, err = os.ReadFile(path); err != nil {
			return err
		}
	}
	return write(path, c, os.FileMode(bits), group)
}

// Client connects with a configuration file.
func Client(path, agent string) (kubernetes.Interface, *rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, nil, err
	}
	config.UserAgent = agent
	client, err := kubernetes.NewForConfig(config)
	return client, config, err
}

func skeleton(server, cluster, name string) *api.Config {
	c := api.NewConfig()
	c.Clusters[cluster] = &api.Cluster{Server: server}
	c.AuthInfos[name] = &api.AuthInfo{}
	c.Contexts["default"] = &api.Context{Cluster: cluster, AuthInfo: name}
	c.CurrentContext = "default"
	return c
}

func write(path string, c *api.Config, mode os.FileMode, group string) error {
	text, err := clientcmd.Write(*c)
	if err != nil {
		return err
	}
	if err := files.Write(path, text, mode); err != nil {
		return err
	}
	if group == "" {
		return nil
	}
	gid, err := strconv.Atoi(group)
	if err != nil {
		g, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("write-kubeconfig-group: %w", err)
		}
		if gid, err = strconv.Atoi(g.Gid); err != nil {
			return err
		}
	}
	return os.Chown(path, 0, gid)
}
