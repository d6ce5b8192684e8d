module bridle.local/pod-policy

go 1.25.0
