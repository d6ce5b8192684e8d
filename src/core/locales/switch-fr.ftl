# Words of: switch
missing-agent = l’agent de { $found } est en service au lieu de celui de { $wanted }
missing-serving = les images ne sont pas encore servies comme cette version les entend : { $path }
missing-image-forgotten = l’image { $image } désigne encore ce qu’elle désignait avant
missing-program = les programmes en service sont ceux de { $found } au lieu de { $wanted }
missing-emulation = Kubernetes se comporte comme { $found } au lieu de { $wanted }
missing-restore-point = le point de restauration { $point } n’est pas complet : { $path }

BR-1250 = Il y a trop peu d’espace pour un point de restauration : il faut { $needed } Mio sous { $path }, et { $free } Mio sont libres.
    .why = Avant tout changement, la configuration et les données de Kubernetes sont copiées, pour que tout puisse revenir en arrière. Rien n’a été changé.
    .fix = Libérez de l’espace, par exemple avec : bridle store gc. Puis poursuivez l’opération.
BR-1251 = La copie des données de Kubernetes pour le point de restauration { $point } est vide ou endommagée.
    .why = Un point de restauration ne compte que si sa copie est prouvée. Rien n’a été changé.
    .fix = Regardez : journalctl -u k3s -n 100, et l’état du disque. Puis poursuivez l’opération.
BR-1252 = Le point de restauration { $point } est inutilisable : { $path } est absent ou altéré.
    .why = Ce qui a été gardé avant le changement n’est plus ce qu’il était ; Kubernetes n’est donc pas remis en place à partir de lui.
    .fix = Vérifiez le disque. Les fichiers des autres points de restauration sont sous /var/lib/bridle/restore-points.
