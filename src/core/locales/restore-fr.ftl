# Textes des points de restauration, et du retour de la grappe à l’instantané de l’un d’eux.

operation-title-restore-cluster = Retour de la grappe de { $release } à un point de restauration
step-restore-datastore = Remettre la base de la grappe depuis le point de restauration { $point }
step-export-changes = Conserver ce qui a été créé ou modifié depuis { $since }
missing-restored-datastore = la base de la grappe n’est pas celle du point de restauration { $point }
missing-exported-changes = ce qui a été créé ou modifié depuis le point de restauration { $point } n’est pas conservé
restore-no-way-back = ce que Kubernetes savait est remplacé ; seule la suite mène à une grappe qui fonctionne
wait-datastore = la base de la grappe est en train d’être remise

restore-of = Retour de la grappe de { $release } à { $site }
restore-point = Point de restauration { $name }
restore-point-made = fait le { $made }, il y a { $age }, quand { $release } était en service
restore-point-kubernetes = Kubernetes { $kubernetes }, révision { $revision } de la configuration, instantané de { $size }
restore-point-whole = chacun de ses fichiers est tel qu’il a été écrit
restore-point-damaged = endommagé : il ne peut pas servir
restore-point-none = Il n’y a aucun point de restauration sur ce serveur. Chaque mise à jour et chaque changement de configuration en fait un d’abord.
restore-since = Ce qui a été créé ou modifié depuis, et ne sera plus là
restore-since-nothing = rien
restore-created = créé : { $name }
restore-changed = modifié : { $name }
restore-more = et { $count } autres
restore-export = Le tout est d’abord écrit dans { $path }. Un expert peut l’en remettre avec : kubectl apply -f
restore-deleted = Ce qui a été supprimé depuis revient ; on ne peut pas en faire la liste.
restore-unseen = Kubernetes ne répond pas. Ce qui a été créé ou modifié depuis ne peut être ni listé ni conservé dans un fichier. La base actuelle est conservée à côté de celle qui est remise.
restore-steps = Étapes
restore-means = Les données des applications (bases, fichiers) ne sont pas touchées : ce sont des fichiers de ce serveur. Les usagers ne peuvent pas travailler pendant ce temps.
restore-ask-name = Pour revenir à ce point de restauration, tapez le nom du site ({ $name }), ou appuyez sur Entrée pour tout laisser en l’état :
restore-dry-run = Ce n’était que le plan ; rien n’a été changé.
restore-nothing-changed = Rien n’a été changé.

restore-disk = La place manque pour la base à remettre : il faut { $needed } Mo, et { $free } Mo sont libres.
    .why = La base actuelle est conservée à côté de celle qui est remise.
    .fix = Faites d’abord de la place.
restore-healthy = Kubernetes répond et tout y va bien.
    .why = Revenir en arrière ne répare alors rien, et fait perdre ce qui a été créé depuis.
    .fix = Vérifiez d’abord que c’est nécessaire.
restore-unlisted = Nul ne peut dire ce qui est perdu : Kubernetes ne répond pas.
    .why = Seul Kubernetes sait ce qui a été créé ou modifié depuis le point de restauration.
    .fix = Si quelqu’un a travaillé avec kubectl depuis, demandez-lui ce qu’il a créé. Ce que la version apporte est de toute façon remis en place.
restore-secrets = Le point de restauration ne connaît peut-être pas ces mots de passe et clés : { $secrets }.
    .why = Ils sont venus avec une version postérieure. Ils seraient créés à nouveau, et une base faite avec l’ancien refuserait le nouveau.
    .fix = S’il y a un point de restauration plus récent, utilisez-le : bridle restore-point list
restore-other-release = Le point de restauration est de { $before }, et { $release } est en service.
    .why = Kubernetes revient en arrière, puis les applications de la version en service sont remises en place.
    .fix = Il n’y a rien à faire.

BR-1290 = Aucun point de restauration ne peut servir ({ $count } examinés).
    .why = Revenir en arrière demande un instantané de la grappe qui soit entier et que le Kubernetes en service comprenne.
    .fix = Voyez ce qu’il y a, et pourquoi cela ne peut pas servir : bridle restore-point list. Sinon, réinstallez et restaurez une sauvegarde.
BR-1291 = Il n’y a pas de point de restauration { $point }.
    .why = Quand une mise à jour est confirmée, les points de restauration sont retirés, sauf le plus récent.
    .fix = Voyez ce qu’il y a avec : bridle restore-point list
BR-1292 = Le point de restauration { $point } est de Kubernetes { $found }, et c’est { $running } qui tourne ici.
    .why = Kubernetes comprend les données de sa propre version mineure et de la précédente, pas d’une version postérieure.
    .fix = Choisissez-en un autre : bridle restore-point list
BR-1293 = Le retour de la grappe doit être confirmé en tapant le nom du site, et personne ne peut répondre.
    .why = Ce qui a été créé depuis le point de restauration n’est plus là ensuite.
    .fix = Voyez le plan avec : bridle cluster restore --dry-run. Puis ajoutez : { $flag }
BR-1294 = { $found } n’est pas le nom de ce site.
    .why = Le nom est demandé pour que personne ne fasse cela sur un autre serveur que le bon.
    .fix = Voyez le nom avec : bridle status
BR-1295 = La grappe n’est plus comme au moment où le plan a été montré.
    .why = Ce qui est confirmé est ce qui est fait ; quelque chose a changé entre-temps.
    .fix = Regardez et confirmez à nouveau : bridle cluster restore
BR-1296 = Quelque chose s’oppose au retour de la grappe.
    .why = Il échouerait à mi-chemin.
    .fix = Voyez ce que c’est avec : bridle cluster restore --dry-run
BR-1297 = Le retour de la grappe ne peut pas être annulé.
    .why = Sa base est en train d’être remplacée ; s’arrêter à mi-chemin est pire que l’un ou l’autre bout.
    .fix = Laissez-le continuer avec : bridle operation retry, ou après une pause avec : bridle operation continue
BR-1298 = Kubernetes n’a pas pris l’instantané du point de restauration { $point }.
    .why = k3s devait en remettre sa base, et n’a pas dit l’avoir fait.
    .fix = Ce qu’il dit figure ci-dessous. Réessayez avec : bridle operation retry

help-bridle-cluster = La grappe elle-même, pour le jour où elle ne démarre plus
    .examples =
        bridle cluster restore --dry-run # ce que ferait un retour au dernier point de restauration
        bridle cluster restore
help-bridle-cluster-restore = Ramener à un point de restauration une grappe qui ne démarre plus
    .more =
        Pour un serveur sur lequel Kubernetes ne démarre plus, même après un redémarrage du serveur : une base endommagée par
        un disque en panne, par exemple. Ce que Kubernetes sait revient au point de restauration ; puis Kubernetes démarre, les
        applications de la version installée sont remises en place, et les essais doivent réussir. Les bases et les fichiers
        des applications ne sont pas touchés. Ce qui a été créé depuis avec kubectl est d’abord écrit dans un fichier, tant que
        Kubernetes répond encore. Cela continue tout seul, même après un redémarrage du serveur ; Ctrl-C ne quitte que cette commande.
    .examples =
        bridle cluster restore --dry-run # montrer seulement le plan
        bridle cluster restore # demande le nom du site
        bridle cluster restore --restore-point 0007-before-campus-1.1.0
    .restore-point = Prendre ce point de restauration, et non le plus récent qui puisse servir
    .dry-run = Montrer seulement le plan
    .confirm = Nom du site, tapé à l’avance
help-bridle-restore-point = Ce qui est conservé sur ce serveur pour revenir en arrière
    .examples =
        bridle restore-point list
        bridle restore-point show 0007-before-campus-1.1.0
help-bridle-restore-point-list = Lister les points de restauration, le plus récent d’abord
    .examples =
        bridle restore-point list
help-bridle-restore-point-show = Montrer un point de restauration et en prouver les fichiers
    .examples =
        bridle restore-point show
        bridle restore-point show 0007-before-campus-1.1.0
    .name = Nom du point de restauration ; le plus récent s’il est omis
step-prune-restore-points = Supprimer le point de restauration devenu inutile ; { $count } restent
