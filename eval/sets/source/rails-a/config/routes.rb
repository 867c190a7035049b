Rails.application.routes.draw do
  root "pages#home"

  get "up" => "rails/health#show", as: :rails_health_check
  get "/about", to: "pages#about"

  resource :session, only: %i[new create destroy]
  resources :signups, only: [:new, :create]

  resources :walks do
    member do
      post :publish
      get "gpx"
    end
    get :nearby, on: :collection

    resources :comments, only: %i[create destroy], shallow: true
  end

  # resources :photos

  resource :profile, only: [:show, :edit, :update]

  get "calendar(/:year)", to: "calendars#show", constraints: { year: /\d{4}/ }

  namespace :admin do
    root to: "dashboard#index"
    resources :users, only: [:index, :destroy] do
      patch :block, on: :member
    end
  end
end
